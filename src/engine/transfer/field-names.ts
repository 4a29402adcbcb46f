import { isJsonObject } from '../../shared/json.ts';
import type { ApiObject } from '../../schema/objects/index.ts';

export type Kind = ApiObject['object'];
export type Fields = Record<string, unknown>;

const camelName = /^[a-z]+\d*(?:[A-Z][a-z\d]*)+$/u;

/** `threadId` and `Thread ID` → `thread_id`. */
export const snakeCase = (name: string): string =>
  name
    .trim()
    .replaceAll(/([a-z\d])([A-Z])/gu, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^\p{L}\d]+/gu, '_')
    .replaceAll(/^_|_$/gu, '');

/** Fields with a user's names, which stay as they are. */
const verbatimFields: ReadonlySet<string> = new Set([
  'metadata',
  'parameters',
  'schema',
  'attributes',
  'turns',
]);

function convertNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => convertNames(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const name = camelName.test(key) ? snakeCase(key) : key;
      return [name, verbatimFields.has(name) ? inner : convertNames(inner)];
    }),
  );
}

/** An object of an SDK that has `threadId` for `thread_id`, with the API's names. */
export function withApiNames(fields: Fields): Fields {
  if (!Object.keys(fields).some((key) => camelName.test(key))) return fields;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an object stays an object
  return convertNames(fields) as Fields;
}

const created = [
  'created',
  'create_time',
  'created_time',
  'create_at',
  'created_on',
  'creation_time',
  'timestamp',
  'datetime',
  'date_time',
  'time',
  'date',
  'sent_at',
  'inserted_at',
  'started_time',
];
const thread = [
  'thread',
  'conversation_id',
  'conversation',
  'session_id',
  'chat_id',
  'openai_thread_id',
];

type Synonyms = Readonly<Record<string, readonly string[]>>;

/** The API's name of a field → other names that people gave it, the likeliest first. */
const synonymsOfKinds: Readonly<Record<Kind, Synonyms>> = {
  assistant: { id: ['assistant_id', 'agent_id', '_id', 'uuid'], created_at: created },
  thread: { id: ['thread_id', '_id', 'uuid', ...thread], created_at: created },
  'thread.message': {
    id: ['message_id', 'msg_id', 'openai_message_id', '_id', 'uuid'],
    thread_id: thread,
    role: ['sender', 'author', 'speaker', 'from', 'message_role', 'author_role'],
    content: [
      'text',
      'message',
      'body',
      'value',
      'parts',
      'message_content',
      'message_text',
      'content_text_value',
    ],
    created_at: created,
  },
  'thread.run': { id: ['run_id', '_id', 'uuid'], thread_id: thread, created_at: created },
  'thread.run.step': { id: ['step_id', '_id', 'uuid'], thread_id: thread, created_at: created },
};

/** The API's name for a column or field of a kind of object; its own name if it has none. */
export function apiName(kind: Kind, name: string): string {
  const synonyms = Object.entries(synonymsOfKinds[kind]);
  return synonyms.find(([, names]) => names.includes(name))?.[0] ?? name;
}

export interface NamedFields {
  readonly fields: Fields;
  /** The API's name → the name in the file, where they differ. */
  readonly sourceNames: ReadonlyMap<string, string>;
}

export const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** What ids of the hosted API begin with. */
export const idPrefixes: Readonly<Record<Kind, string>> = {
  assistant: 'asst_',
  thread: 'thread_',
  'thread.message': 'msg_',
  'thread.run': 'run_',
  'thread.run.step': 'step_',
};

/** The prefix of a field's ids. */
const prefixOf = (kind: Kind, name: string): string | undefined =>
  name === 'thread_id' ? idPrefixes['thread'] : name === 'id' ? idPrefixes[kind] : undefined;

/**
 * The name that a field has in an object: the API's own if it is there, or another one. Of several ids,
 * such as those of a database and of the API, it is the one that the hosted API gave.
 */
export function nameIn(kind: Kind, fields: Fields, name: string): string | undefined {
  const names = [name, ...(synonymsOfKinds[kind][name] ?? [])];
  const present = names.filter((each) => !isAbsent(fields[each]));
  const prefix = prefixOf(kind, name);
  const hosted = present.find((each) => {
    const value = fields[each];
    return prefix !== undefined && typeof value === 'string' && value.startsWith(prefix);
  });
  return hosted ?? present[0];
}

/** The fields of an object under the API's names. */
export function withoutSynonyms(kind: Kind, fields: Fields): NamedFields {
  const sourceNames = new Map<string, string>();
  const renamed = { ...fields };
  for (const name of Object.keys(synonymsOfKinds[kind])) {
    const synonym = nameIn(kind, renamed, name);
    if (synonym === undefined || synonym === name) continue;
    const value = renamed[synonym];
    if (isAbsent(renamed[name])) delete renamed[synonym];
    else renamed[synonym] = renamed[name];
    renamed[name] = value;
    sourceNames.set(name, synonym);
  }
  return { fields: renamed, sourceNames };
}
