import { isJsonObject } from '../shared/json.ts';
import { firstCharacters } from '../shared/text.ts';
import type { JsonObject } from './compact-object.ts';

/** A list or an object keeps as many characters of JSON as this many texts. */
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
): readonly (readonly [string, unknown])[] {
  const kept: [string, unknown][] = [];
  let remaining = state.maxLength * textsPerContainer;
  for (const [name, member] of members) {
    const shortened = shortenValue(member, state);
    remaining -= name.length + (JSON.stringify(shortened) ?? '').length;
    if (remaining < 0 && kept.length > 0) {
      state.isTruncated = true;
      break;
    }
    kept.push([name, shortened]);
  }
  return kept;
}

function shortenValue(value: unknown, state: Shortener): unknown {
  if (typeof value === 'string') return shortenText(value, state);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => ['', item] as const);
    return firstMembers(items, state).map(([, item]) => item);
  }
  return isJsonObject(value)
    ? Object.fromEntries(firstMembers(Object.entries(value), state))
    : value;
}

/** An object with the beginnings of its long texts, lists and objects, and whether that is not all. */
export function shorten(
  object: JsonObject,
  maxLength: number,
  reader: string | null,
): { readonly object: JsonObject; readonly isTruncated: boolean } {
  const state = { maxLength, reader, isTruncated: false };
  const shortened = Object.fromEntries(firstMembers(Object.entries(object), state));
  return { object: shortened, isTruncated: state.isTruncated };
}
