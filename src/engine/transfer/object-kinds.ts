import { isJsonObject } from '../../shared/json.ts';
import {
  apiName,
  type Fields,
  isAbsent,
  type Kind,
  nameIn,
  snakeCase,
  withApiNames,
} from './field-names.ts';
import { toSeconds } from './time-values.ts';

/* What an object of a file is, and what is in it. */

/** What the objects around an object say about it. */
export interface Parents {
  readonly thread_id?: unknown;
  readonly run_id?: unknown;
  readonly assistant_id?: unknown;
  readonly created_at?: unknown;
}

const kinds: ReadonlySet<unknown> = new Set<Kind>([
  'assistant',
  'thread',
  'thread.message',
  'thread.run',
  'thread.run.step',
]);

/** The kind that an object's own `object` field names. */
export const declaredKind = ({ object }: Fields): Kind | null =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just checked
  kinds.has(object) ? (object as Kind) : null;

const fileLineKinds = ['file', 'file.content', 'vector_store', 'vector_store.file'] as const;
export type FileLineKind = (typeof fileLineKinds)[number];

/** What a line of an exported file or vector store is; null if a value is none. */
export const fileLineKind = (value: unknown): FileLineKind | null => {
  const kind = isJsonObject(value) ? value['object'] : null;
  return fileLineKinds.find((each) => each === kind) ?? null;
};

/** The names of lists and single objects of each kind, parents first. */
const containers: readonly (readonly [kind: Kind, names: readonly string[]])[] = [
  ['assistant', ['assistants', 'assistant', 'agents', 'agent']],
  ['thread', ['threads', 'thread', 'conversations', 'conversation']],
  ['thread.message', ['messages', 'message', 'thread_messages']],
  ['thread.run', ['runs', 'run']],
  ['thread.run.step', ['run_steps', 'steps', 'step']],
];

/** Fields with a list of anything, or with an object that has such a list. */
const wrappers = ['data', 'body', 'items', 'results', 'result', 'response', 'pages', 'value'];

/** Fields of lists, SDK pages and HTTP responses, which say nothing about the objects. */
const envelopeFields: ReadonlySet<string> = new Set(
  (
    'object first_id last_id has_more total count next_page next_link options response body client ' +
    'url status status_text headers config request method'
  ).split(' '),
);

/** The field that names an object of each kind in others. */
const idFields = {
  assistant: 'assistant_id',
  thread: 'thread_id',
  'thread.message': 'message_id',
  'thread.run': 'run_id',
  'thread.run.step': 'step_id',
} as const satisfies Record<Kind, string>;

const idPrefixes: readonly (readonly [prefix: string, kind: Kind])[] = [
  ['asst_', 'assistant'],
  ['thread_', 'thread'],
  ['msg_', 'thread.message'],
  ['run_', 'thread.run'],
  ['step_', 'thread.run.step'],
];

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

export const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (isContainer(value) && Object.keys(value).length === 0);

export const isMessage = (fields: Fields): boolean =>
  ['role', 'sender'].some((name) => fields[name] !== undefined) &&
  ['content', 'text', 'message', 'value', 'parts'].some((name) => fields[name] !== undefined);

/** The kind of an object that does not name it, by its fields or its id. */
export function inferKind(value: Fields): Kind | null {
  const fields = withApiNames(value);
  const has = (name: string) => fields[name] !== undefined;
  if (has('step_details')) return 'thread.run.step';
  if (isMessage(fields)) return 'thread.message';
  const id = typeof fields['id'] === 'string' ? fields['id'] : '';
  const prefix = idPrefixes.find(([each]) => id.startsWith(each));
  if (prefix !== undefined) return prefix[1];
  if (has('assistant_id') && has('status') && has('model')) return 'thread.run';
  return has('instructions') && has('model') ? 'assistant' : null;
}

function idOf(value: unknown, kind: Kind): unknown {
  if (!isJsonObject(value)) return typeof value === 'string' ? value : undefined;
  const fields = withApiNames(value);
  const name = nameIn(kind, fields, 'id');
  return name === undefined ? undefined : fields[name];
}

/** The parents of what is in an object of kind `own`, or beside others, as in `{thread, messages}`. */
export function parentsIn(fields: Fields, own: Kind | null, outer: Parents): Parents {
  const names = withApiNames(fields);
  const find = (kind: 'assistant' | 'thread' | 'thread.run') => {
    if (own === kind) return idOf(fields, kind);
    const field = idFields[kind];
    return names[field] ?? idOf(names[kind === 'thread.run' ? 'run' : kind], kind) ?? outer[field];
  };
  const thread = own === 'thread' ? names : withApiNames(Object(names['thread']));
  const time = Object.keys(thread).find((key) => apiName('thread', key) === 'created_at');
  return {
    thread_id: find('thread'),
    run_id: find('thread.run'),
    assistant_id: find('assistant'),
    created_at: time === undefined ? outer.created_at : thread[time],
  };
}

export interface Child {
  readonly key: string;
  readonly kind: Kind | null;
}

/** The fields of an object that hold API objects, in the order in which these need one another. */
export function childrenOf(fields: Fields): Child[] {
  const keys = Object.keys(fields).filter((key) => isContainer(fields[key]));
  const wrapper = wrappers
    .map((name) => keys.find((key) => snakeCase(key) === name))
    .find((key) => key !== undefined);
  const children = containers.flatMap(([kind, names]) =>
    keys.filter((key) => names.includes(snakeCase(key))).map((key) => ({ key, kind })),
  );
  return wrapper === undefined ? children : [...children, { key: wrapper, kind: null }];
}

/** Fields of API objects that are objects or lists, which a map of ids does not have. */
const objectFields: ReadonlySet<string> = new Set([
  'content',
  'text',
  'metadata',
  'tool_resources',
  'attachments',
  'file_ids',
]);

/** Whether an object maps ids to objects, or to lists of what belongs to them. */
export function isMap(fields: Fields, kind: Kind | null): boolean {
  const keys = Object.keys(fields);
  const hasIds = kind !== null || keys.every((key) => key.startsWith('thread_'));
  return (
    hasIds &&
    keys.length > 0 &&
    keys.every((key) => isContainer(fields[key]) && !objectFields.has(key)) &&
    childrenOf(fields).length === 0
  );
}

/** Whether a field beside lists of objects says something that is not imported. */
export function isLost(key: string, value: unknown): boolean {
  const name = snakeCase(key);
  const isId = Object.values(idFields).some((field) => field === name) || name === 'id';
  return !isId && !envelopeFields.has(name) && !isEmpty(value);
}

/** What an object with other objects in its fields is itself; null for a mere collection. */
export function ownKind(kind: Kind | null, value: Fields, children: readonly Child[]): Kind | null {
  const declared = declaredKind(value);
  if (declared !== null) return declared;
  const names = new Set(Object.keys(value).map((key) => apiName('thread', snakeCase(key))));
  const inside = new Set(children.map((child) => child.kind));
  if (inside.has(null)) return null;
  if (kind !== null && kind !== 'thread.message' && !inside.has(kind)) return kind;
  if (inside.has('thread')) return names.has('model') ? 'assistant' : null;
  if (inside.has('thread.message')) {
    const isThread = ['created_at', 'metadata', 'tool_resources'].some((name) => names.has(name));
    return isAbsent(value['id']) && !(names.has('id') && isThread) ? null : 'thread';
  }
  return names.has('status') && names.has('assistant_id') ? 'thread.run' : null;
}

/** The oldest time of the objects in a value of any shape; undefined without one. */
export function oldestTime(value: unknown): number | undefined {
  const items: unknown[] = Array.isArray(value) ? value : Object.values(Object(value));
  const times = items.flatMap((item) => {
    if (!isContainer(item)) return [];
    const fields = isJsonObject(item) ? withApiNames(item) : {};
    const name = Object.keys(fields).find((key) => apiName('thread', key) === 'created_at');
    const time = name === undefined ? oldestTime(item) : toSeconds(fields[name]);
    return typeof time === 'number' ? [time] : [];
  });
  return times.length === 0 ? undefined : times.reduce((one, other) => Math.min(one, other));
}

/** Whether a page of openai-node has the newest object first: it names the order that it asked for. */
export function isNewestFirst({ options }: Fields): boolean {
  if (!isJsonObject(options) || typeof options['path'] !== 'string') return false;
  const { query } = options;
  return !isJsonObject(query) || query['order'] !== 'asc';
}
