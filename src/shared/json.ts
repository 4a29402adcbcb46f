/** The field of any value; undefined if it has none. */
export const fieldOf = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

/** Whether a value is a JSON object. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value of a JSON text; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const lineEnds = /[\u0085\u2028\u2029]/gu;

/**
 * JSON without the line ends that `JSON.stringify` leaves, so that it is one line for every reader. They
 * are escaped, so the value stays the same. What JSON cannot have is null.
 */
export function singleLineJson(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null';
  // Nearly all texts have none, and a search takes less time than a replacement of nothing.
  if (json.search(lineEnds) === -1) return json;
  return json.replaceAll(
    lineEnds,
    (lineEnd) => `\\u${lineEnd.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Whether a value is nested more than `levels` deep. */
export function exceedsDepth(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => exceedsDepth(item, levels - 1));
  // `Object.values` takes five times as long for an object of many.
  for (const name in value) if (exceedsDepth(Reflect.get(value, name), levels - 1)) return true;
  return false;
}
