const surrogatePair = /[\u{10000}-\u{10ffff}]/gu;

/** Unicode code points in a text, which is how JSON Schema and Python count characters. */
export const codePointLength = (text: string): number =>
  text.length - (text.match(surrogatePair)?.length ?? 0);

/** Whether a text has more than `maximum` code points. Counts them only when it could matter. */
export const exceedsLength = (text: string, maximum: number): boolean =>
  text.length > maximum && codePointLength(text) > maximum;

/** Levels of nesting accepted in JSON: deeper values could overflow the stack of a serializer. */
export const maxDepth = 500;
