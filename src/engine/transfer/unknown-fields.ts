import { isJsonObject } from '../../shared/json.ts';
import { exceedsLength } from '../../schema/limits.ts';
import { maxKeyLength, maxPairs, maxValueLength } from '../../schema/common.ts';
import type { Note } from './changes.ts';
import type { Fields, Kind } from './field-names.ts';

/** Fields whose content other fields repeat, or which end with the process that wrote them. */
const repeatedFields: Readonly<Record<Kind, readonly string[]>> = {
  assistant: [],
  thread: [],
  'thread.message': [],
  'thread.run': ['retried_error'],
  'thread.run.step': ['type'],
};

const nouns: Readonly<Record<Kind, string>> = {
  assistant: 'an assistant',
  thread: 'a thread',
  'thread.message': 'a message',
  'thread.run': 'a run',
  'thread.run.step': 'a run step',
};

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** The text of a value as metadata; null if it does not fit. */
function metadataText(value: unknown): string | null {
  if (!['string', 'number', 'boolean'].includes(typeof value)) return null;
  const text = String(value);
  return exceedsLength(text, maxValueLength) ? null : text;
}

/**
 * Moves fields that the API's object does not have to its metadata, as far as they are short texts or
 * numbers and the metadata has room. The others are dropped. Both are noted.
 */
export function keepUnknownFields(
  kind: Kind,
  fields: Fields,
  knownFields: ReadonlySet<string>,
  note: Note,
): Fields {
  const unknown = Object.keys(fields).filter((name) => !knownFields.has(name));
  if (unknown.length === 0) return fields;
  const known: Fields = Object.fromEntries(
    Object.entries(fields).filter(([name]) => knownFields.has(name)),
  );
  const metadata = known['metadata'] ?? {};
  const hasMetadata = kind !== 'thread.run.step' && isJsonObject(metadata);
  const kept: Fields = hasMetadata ? { ...metadata } : {};
  for (const name of unknown) {
    const value = fields[name];
    if (isEmpty(value) || value === fields['id'] || repeatedFields[kind].includes(name)) continue;
    const text = metadataText(value);
    const fits =
      hasMetadata &&
      text !== null &&
      !Object.hasOwn(kept, name) &&
      Object.keys(kept).length < maxPairs &&
      !exceedsLength(name, maxKeyLength);
    if (fits) kept[name] = text;
    note(
      fits ? 'Kept' : 'Dropped',
      `field '${name}' of ${nouns[kind]}${fits ? " in its 'metadata'" : ''}`,
      name,
    );
  }
  return hasMetadata && Object.keys(kept).length > Object.keys(metadata).length
    ? { ...known, metadata: kept }
    : known;
}
