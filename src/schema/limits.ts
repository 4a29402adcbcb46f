const pair = /[\u{10000}-\u{10ffff}]/gu;

/** Characters of a text as JSON Schema and Python count them: a pair of surrogates is one. */
export const codePointLength = (text: string): number =>
  text.length - (text.match(pair)?.length ?? 0);

/** Whether a text has more than `most` characters; few texts have to be counted to tell. */
export const exceedsLength = (text: string, most: number): boolean =>
  text.length > most && codePointLength(text) > most;
/** Levels of nesting that JSON may have: more would overflow whoever writes it out again. */
export const maxDepth = 500;

/** Whether a value has more than `levels` levels of nesting. */
export const exceedsDepth = (value: unknown, levels = maxDepth): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => exceedsDepth(inner, levels - 1)));
