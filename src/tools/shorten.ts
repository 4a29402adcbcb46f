import { isJsonObject } from '../shared/json.ts';
import { firstCharacters } from '../shared/text.ts';
import type { JsonObject } from './compact-object.ts';

/** An object keeps as many characters of JSON as this many texts, with all that is in it. */
const textsPerContainer = 8;

interface Shortener {
  /** In characters, of each text. */
  readonly maxLength: number;
  /** The tool that reads what is left out; null if none is listed. */
  readonly reader: string | null;
  isTruncated: boolean;
}

function shortenText(text: string, state: Shortener): string {
  if (text.length <= state.maxLength) return text;
  state.isTruncated = true;
  const rest = state.reader === null ? '' : `; ${state.reader} reads the rest`;
  const start = firstCharacters(text, state.maxLength);
  return `${start}… [cut: ${state.maxLength} of ${text.length} characters${rest}]`;
}

/** The first members whose JSON fits. */
function firstMembers(
  members: readonly (readonly [string, unknown])[],
  state: Shortener,
  maxJsonLength: number,
): readonly (readonly [string, unknown])[] {
  const kept: [string, unknown][] = [];
  let remaining = maxJsonLength - '{}'.length;
  for (const [name, member] of members) {
    remaining -= name.length + '"":,'.length;
    const shortened = shortenValue(member, state, remaining);
    remaining -= (JSON.stringify(shortened) ?? '').length;
    if (remaining < 0 && kept.length > 0) {
      state.isTruncated = true;
      break;
    }
    kept.push([name, shortened]);
  }
  return kept;
}

function shortenValue(value: unknown, state: Shortener, maxJsonLength: number): unknown {
  if (typeof value === 'string') return shortenText(value, state);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => ['', item] as const);
    return firstMembers(items, state, maxJsonLength).map(([, item]) => item);
  }
  return isJsonObject(value)
    ? Object.fromEntries(firstMembers(Object.entries(value), state, maxJsonLength))
    : value;
}

/** An object with the beginnings of its long texts, lists and objects, and whether that is not all. */
export function shorten(
  object: JsonObject,
  maxLength: number,
  reader: string | null,
): { readonly object: JsonObject; readonly isTruncated: boolean } {
  const state = { maxLength, reader, isTruncated: false };
  const members = firstMembers(Object.entries(object), state, maxLength * textsPerContainer);
  return { object: Object.fromEntries(members), isTruncated: state.isTruncated };
}
