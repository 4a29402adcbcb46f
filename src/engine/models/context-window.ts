import { fieldOf } from '../../shared/json.ts';
import { APIError } from 'openai';
import { ModelFailure } from './model.ts';

/** The prompt does not fit into the model's context window; retry with a shorter one. */
export class ContextOverflow extends ModelFailure {
  /** Null: the endpoint does not say. */
  readonly windowTokens: number | null;

  constructor(message: string, windowTokens: number | null) {
    super('invalid_prompt', message);
    this.windowTokens = windowTokens;
  }
}

/* Messages of different servers; some servers have several. */
const patternsWithSize: readonly RegExp[] = [
  /maximum (?:context|prompt|model|input|sequence|allowed input) length(?: is| of|:)? \(?(?<size>[\d,]+)(?! ?char)/iu,
  /(?:context length|context size|context window|context window limit|maximum allowed length|max(?:imum number of)? tokens allowed) \((?<size>[\d,]+)/iu,
  /context (?:length|size|window)(?: of| is|:)? (?:only )?(?<size>[\d,]+)/iu,
  /while limit is (?<size>[\d,]+)/iu,
  /with (?<size>[\d,]+) maximum context length/iu,
  /exceed the configured limit of (?<size>[\d,]+) tokens/iu,
  /tokens > (?<size>[\d,]+) maximum/iu,
  /exceed context limit: [\d,]+ \+ [\d,]+ > (?<size>[\d,]+)/iu,
  /model token limit: (?<size>[\d,]+)/iu,
  /(?:exceeds|than) (?:max_(?:seq|model)_len|session_len) \(?(?<size>[\d,]+)/iu,
  /input token count is [\d,]+ but model only supports up to (?<size>[\d,]+)/iu,
  /prompt token count of [\d,]+ exceeds the limit of (?<size>[\d,]+)/iu,
  /range of input length should be \[\d+, ?(?<size>\d+)\]/iu,
  /`inputs` tokens \+ `max_new_tokens` must be <= (?<size>[\d,]+)/iu,
  /`inputs` must have less than (?<size>[\d,]+) tokens/iu,
  /total number of tokens \(prompt and prediction\) cannot exceed (?<size>[\d,]+)/iu,
  /request body too large for .{0,80}max size: (?<size>[\d,]+) tokens/iu,
];

const patternsWithoutSize: readonly RegExp[] = [
  /exceeds? (?:the |its |this |max )?(?:available |model's |model )?(?:maximum )?context (?:window|size|length)/iu,
  /context (?:size|length|window) (?:has been |was )?(?:exceeded|exceeds)/iu,
  /exceeded max(?:imum)? context length|(?:greater|longer) than the (?:model's )?context length/iu,
  /prompt (?:is )?too long|input is too long|prompt exceeds max(?:imum)? length/iu,
  /context_?length_?exceeded|ContextWindowExceeded|exceed_context_size|tokens_limit_reached/iu,
  /please reduce the length of the (?:messages|prompt|input)/iu,
  /max_(?:completion_)?tokens must be at least 1, got -/iu,
  /tokens in request more than max tokens allowed|(?:number of|too many) input tokens(?: exceed|\b)/iu,
  /(?:长度|上下文).{0,20}超|超过?.{0,20}(?:最大长度|上下文)/u,
];

/** Limits of tokens in a period of time. */
const rateLimits = /tokens? per (?:min|hour|day|second)|\btp[md]\b|rate.?limit|quota/iu;

/** The answer's own limit, which may be larger than the model's window. */
const answerLimit =
  /max_(?:completion_|output_|new_)?tokens['`]? is too large: (?<asked>\d+)(?:.{0,80}context length is (?<size>\d+))?/iu;

/** Whether a text is about a limit that a shorter prompt does not help to keep. */
function isOtherLimit(text: string): boolean {
  const { asked, size } = answerLimit.exec(text)?.groups ?? {};
  return rateLimits.test(text) || (asked !== undefined && !(Number(asked) < Number(size)));
}

const payloadTooLarge = 413;

/** A smaller number in a message is not the size of a context window. */
const minWindowTokens = 256;

function reportedWindowTokens(error: unknown, text: string): number | null {
  const digits = patternsWithSize
    .map((pattern) => pattern.exec(text)?.groups?.['size'])
    .find(Boolean);
  const body: unknown = error instanceof APIError ? error.error : null;
  const reported = fieldOf(body, 'n_ctx');
  const tokens = digits === undefined ? reported : Number(digits.replaceAll(',', ''));
  return typeof tokens === 'number' && tokens >= minWindowTokens ? tokens : null;
}

/**
 * The overflow that `error`, thrown by a model call, reports; null for any other error. `text` is the
 * endpoint's own, `message` what the run's `last_error` shows.
 */
export function toContextOverflow(
  error: unknown,
  text: string,
  message: string,
): ContextOverflow | null {
  const { status, code } = error instanceof APIError ? error : {};
  if (status === 429 || code === 'rate_limit_exceeded' || isOtherLimit(text)) return null;
  const windowTokens = reportedWindowTokens(error, text);
  const isOverflow =
    windowTokens !== null ||
    status === payloadTooLarge ||
    code === 'context_length_exceeded' ||
    patternsWithoutSize.some((pattern) => pattern.test(text));
  return isOverflow ? new ContextOverflow(message, windowTokens) : null;
}

/** Model name → tokens of prompt and answer together, or of the prompt alone if the model limits that. */
const knownWindows: readonly (readonly [RegExp, number])[] = [
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

/** A model name without the prefixes and suffixes of routers, providers and fine-tuning. */
export const baseModelName = (model: string): string =>
  model
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^ft:/u, '')
    .replace(/:.*$/su, '');

/** The context window in tokens, judged by the model's name. */
export const knownWindow = (model: string): number =>
  knownWindows.find(([pattern]) => pattern.test(baseModelName(model)))?.[1] ?? defaultWindowTokens;

/** Whether nothing is known of a model's window: servers of open models configure it. */
export const isWindowGuessed = (model: string): boolean =>
  !/^(?:gpt-(?!oss|neo|j)|chatgpt|o\d|codex|computer-use|chat-latest)/u.test(baseModelName(model));

/** The context windows of one endpoint's models, corrected by the overflows it reports. */
export interface Windows {
  /** The model's window in tokens. */
  get(model: string): number;
  /** Records a reported window. A model's window never grows. */
  learn(model: string, tokens: number): void;
}

export function createWindows(): Windows {
  const learned = new Map<string, number>();
  const get = (model: string) => learned.get(model) ?? knownWindow(model);
  return {
    get,
    learn(model, tokens) {
      if (tokens < get(model)) learned.set(model, tokens);
    },
  };
}
