const pair = /[\u{10000}-\u{10ffff}]/gu;

/** Characters of a text as JSON Schema and Python count them: a pair of surrogates is one. */
export const codePointLength = (text: string): number => text.length - (text.match(pair)?.length ?? 0);

/** Whether a text has more than `most` characters; few texts have to be counted to tell. */
export const exceedsLength = (text: string, most: number): boolean =>
  text.length > most && codePointLength(text) > most;
