/*
 * How many tokens a model takes. What a model that is not in the table takes is found out when its
 * endpoint refuses a prompt as too long.
 */

/** Tokens of prompt and answer together, or of the prompt alone where a model limits that. */
const families: readonly (readonly [RegExp, number])[] = [
  [/^gpt-5(?:\.\d+)?-chat/u, 128_000],
  [/^gpt-5\.(?:[4-9]|\d\d)(?!.*-(?:mini|nano|cyber))/u, 922_000],
  [/^(?:gpt-5|chat-latest)/u, 272_000],
  [/^gpt-4\.1/u, 1_047_576],
  [/^gpt-4-32k/u, 32_768],
  [/^gpt-4(?:-\d{4})?$/u, 8192],
  [/^gpt-3\.?5-turbo-instruct/u, 4096],
  [/^gpt-3\.?5/u, 16_385],
  [/^o1-(?:mini|preview)/u, 128_000],
  [/^(?:o\d|codex-mini)/u, 200_000],
  [/^computer-use/u, 8192],
];

const defaultWindowTokens = 128_000;

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
