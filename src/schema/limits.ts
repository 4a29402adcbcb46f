const surrogatePair = /[\u{10000}-\u{10ffff}]/gu;

/** Unicode code points in a text, which is how JSON Schema and Python count characters. */
export const codePointLength = (text: string): number =>
  text.length - (text.match(surrogatePair)?.length ?? 0);

/** Whether a text has more than `maximum` code points. Counts them only when it could matter. */
export const exceedsLength = (text: string, maximum: number): boolean =>
  text.length > maximum && codePointLength(text) > maximum;

/** Levels of nesting accepted in JSON: deeper values could overflow the stack of a serializer. */
export const maxDepth = 500;

/** Whether a value is nested more than `levels` deep. */
export function exceedsDepth(value: unknown, levels = maxDepth): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => exceedsDepth(item, levels - 1));
  // `Object.values` takes five times as long for an object of many.
  for (const name in value) if (exceedsDepth(Reflect.get(value, name), levels - 1)) return true;
  return false;
}
