import { APIError } from 'openai';
import { ModelFailure } from './model.ts';

/** The prompt does not fit into the model's window: the call can be made again with less. */
export class ContextOverflow extends ModelFailure {
  /** Tokens of the window; null: the endpoint does not say. */
  readonly window: number | null;

  constructor(message: string, window: number | null) {
    super('invalid_prompt', message);
    this.window = window;
  }
}

/* Every server has its own words for it, and some have several. */
const patternsWithSize: readonly RegExp[] = [
  /maximum (?:context|prompt|model|allowed input) length (?:is|of) (?<size>[\d,]+)/iu,
  /(?:context length|context size|maximum number of tokens allowed) \((?<size>[\d,]+)/iu,
  /context (?:length|window) of (?:only )?(?<size>[\d,]+)/iu,
  /with (?<size>[\d,]+) maximum context length/iu,
  /exceed the configured limit of (?<size>[\d,]+) tokens/iu,
  /tokens > (?<size>[\d,]+) maximum/iu,
  /exceed context limit: [\d,]+ \+ [\d,]+ > (?<size>[\d,]+)/iu,
  /model token limit: (?<size>[\d,]+)/iu,
  /exceeds max_(?:seq|model)_len (?<size>[\d,]+)/iu,
  /input token count is [\d,]+ but model only supports up to (?<size>[\d,]+)/iu,
];

const patternsWithoutSize =
  /exceeds? (?:the |its )?(?:available |model's )?(?:maximum )?context (?:window|size|length)|context (?:size|length|window) (?:has been )?exceeded|exceeded max(?:imum)? context length|greater than the context length|prompt (?:is )?too long|context_?length_?exceeded|ContextWindowExceeded/iu;

/** No window is smaller: such a number means something else. */
const leastWindow = 256;

function statedWindow(error: unknown, message: string): number | null {
  const digits = patternsWithSize
    .map((words) => words.exec(message)?.groups?.['size'])
    .find(Boolean);
  const body: unknown = error instanceof APIError ? error.error : null;
  const stated = digits?.replaceAll(',', '') ?? Reflect.get(Object(body), 'n_ctx');
  const window = Number(stated);
  return window >= leastWindow ? window : null;
}

/**
 * What a model call threw, where it says that the prompt is too long; null where it says anything
 * else. `message` is what the run shows of it.
 */
export function toContextOverflow(error: unknown, message: string): ContextOverflow | null {
  const { status, code } = error instanceof APIError ? error : {};
  // Too many tokens in a minute is another matter.
  if (status === 429 || code === 'rate_limit_exceeded') return null;
  const window = statedWindow(error, message);
  const isOverflow =
    window !== null || code === 'context_length_exceeded' || patternsWithoutSize.test(message);
  return isOverflow ? new ContextOverflow(message, window) : null;
}
/*
 * How many tokens a model takes. What a model that is not in the table takes is found out when its
 * endpoint refuses a prompt as too long.
 */
/** Tokens of prompt and answer together, or of the prompt alone where a model limits that. */
const families: readonly (readonly [RegExp, number])[] = [
  [/^gpt-5(?:\.\d+)?-chat/u, 128000],
  [/^gpt-5\.(?:[4-9]|\d\d)(?!.*-(?:mini|nano|cyber))/u, 922000],
  [/^(?:gpt-5|chat-latest)/u, 272000],
  [/^gpt-4\.1/u, 1047576],
  [/^gpt-4-32k/u, 32768],
  [/^gpt-4(?:-\d{4})?$/u, 8192],
  [/^gpt-3\.?5-turbo-instruct/u, 4096],
  [/^gpt-3\.?5/u, 16385],
  [/^o1-(?:mini|preview)/u, 128000],
  [/^(?:o\d|codex-mini)/u, 200000],
  [/^computer-use/u, 8192],
];
const defaultWindowTokens = 128000;

/** A name without what its maker, its router or its fine-tuning put around it. */
const baseModelName = (model: string): string =>
  model
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^ft:/u, '')
    .replace(/:.*$/u, '');
/** Tokens that a model of this name takes as far as its name tells. */
export const knownWindow = (model: string): number =>
  families.find(([names]) => names.test(baseModelName(model)))?.[1] ?? defaultWindowTokens;
/** The windows of one endpoint's models, as far as this process knows them. */
export interface Windows {
  /** Tokens that a prompt and its answer may take. */
  get(model: string): number;
  /** Takes note of a window that has proved itself; it never grows. */
  learn(model: string, tokens: number): void;
}

export function createWindows(): Windows {
  const learned = new Map<string, number>();
  const of = (model: string) => learned.get(model) ?? knownWindow(model);
  return {
    get: of,
    learn(model, tokens) {
      if (tokens < of(model)) learned.set(model, tokens);
    },
  };
}
