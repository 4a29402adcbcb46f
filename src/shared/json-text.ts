import { parseJson } from './json.ts';
import { maxJsonValues } from './json-reader.ts';

const separators: ReadonlySet<string> = new Set([',', '[', '{']);

/** Whether a text could describe more values than a message may have; reads no further than it has to. */
function hasManyValues(text: string): boolean {
  let count = 0;
  for (let index = 0; index < text.length && count <= maxJsonValues; index += 1) {
    if (separators.has(text.charAt(index))) count += 1;
  }
  return count > maxJsonValues;
}

/** The value of a JSON text inside a message; undefined if it is not JSON or describes too many values. */
export const parseJsonText = (text: string): unknown =>
  hasManyValues(text) ? undefined : parseJson(text);
