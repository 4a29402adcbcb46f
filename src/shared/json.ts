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

/**
 * JSON without the line ends that `JSON.stringify` leaves, so that it is one line for every reader. They
 * are escaped, so the value stays the same. What JSON cannot have is null.
 */
export const singleLineJson = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replaceAll(
    /[\u0085\u2028\u2029]/gu,
    (lineEnd) => `\\u${lineEnd.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
