import { isJsonObject } from '../../../shared/json.ts';
import { malformedAnswer } from '../json-shape.ts';

/*
 * What a server adds to an answer, such as signed reasoning, must come back as it was. In a stream it
 * arrives in pieces: texts are parts of a text, items of lists belong together by their index.
 */

export type Fields = Record<string, unknown>;

/** How the texts of several pieces become one: joined, or the last one wins. */
type TextMode = 'joined' | 'last';

/** Texts that every piece repeats, or that come as a whole. */
const wholeTexts: ReadonlySet<string> = new Set([
  'type',
  'id',
  'format',
  'role',
  'name',
  'provider',
  'signature',
  'thought_signature',
]);

const maxItems = 10_000;

/** A piece of a list is compared with so many of its last items. */
const maxCompared = 100;

/** Without a prototype, so that no name has a meaning. */
const newFields = (): Fields => Object.create(null);

const isSame = (name: string, item: Fields, previous: Fields): boolean =>
  !item[name] || !previous[name] || item[name] === previous[name];

const hasIndex = (item: unknown): item is Fields =>
  isJsonObject(item) && typeof item['index'] === 'number';

/** Whether an item without an index continues the one before it; a signature or encrypted data ends one. */
const continues = (item: Fields, previous: Fields): boolean =>
  !hasIndex(previous) &&
  typeof item['type'] === 'string' &&
  isSame('type', item, previous) &&
  isSame('id', item, previous) &&
  !previous['signature'] &&
  !previous['data'];

/** The item that a piece's item continues; `isFirst`: it is the first one of the piece. */
function continuedItem(list: readonly unknown[], item: unknown, isFirst: boolean): unknown {
  if (hasIndex(item)) {
    return list
      .slice(-maxCompared)
      .findLast(
        (other) =>
          hasIndex(other) && other['index'] === item['index'] && isSame('type', item, other),
      );
  }
  const last = list.at(-1);
  return isFirst && isJsonObject(item) && isJsonObject(last) && continues(item, last)
    ? last
    : undefined;
}

function mergeList(current: unknown, piece: readonly unknown[], texts: TextMode): unknown[] {
  const list: unknown[] = Array.isArray(current) ? current : [];
  for (const [position, item] of piece.entries()) {
    const continued = continuedItem(list, item, position === 0);
    if (isJsonObject(continued) && isJsonObject(item)) mergeFields(continued, item, texts);
    else list.push(mergeValue('', undefined, item, texts));
  }
  if (list.length > maxItems) throw malformedAnswer(`a list of more than ${maxItems} items`);
  return list;
}

function mergeValue(name: string, current: unknown, value: unknown, texts: TextMode): unknown {
  if (Array.isArray(value)) return mergeList(current, value, texts);
  if (isJsonObject(value)) {
    const fields = isJsonObject(current) ? current : newFields();
    mergeFields(fields, value, texts);
    return fields;
  }
  if (typeof value !== 'string' || typeof current !== 'string') return value;
  if (texts === 'last' || wholeTexts.has(name)) return value === '' ? current : value;
  return current + value;
}

/** Adds a piece's fields to those so far, except `known` ones; null changes nothing. */
export function mergeFields(
  target: Fields,
  piece: object,
  texts: TextMode,
  known: ReadonlySet<string> = new Set(),
): void {
  for (const [name, value] of Object.entries(piece)) {
    if (known.has(name) || name === '__proto__' || value === null || value === undefined) continue;
    target[name] = mergeValue(name, target[name], value, texts);
  }
}
