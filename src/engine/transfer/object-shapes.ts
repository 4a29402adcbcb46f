import { isJsonObject } from '../../shared/json.ts';
import { apiName, type Fields, type Kind, snakeCase, withApiNames } from './field-names.ts';
import type { PathSegment } from './json-position.ts';

/* People save API objects alone, in lists, in pages of SDKs, and inside one another. */

/** What the objects around an object say about it. */
export interface Parents {
  readonly thread_id?: unknown;
  readonly run_id?: unknown;
  readonly assistant_id?: unknown;
  readonly created_at?: unknown;
}

/** A value of a file that should be an API object. */
export interface Candidate {
  readonly value: unknown;
  /** What it should be, by the name of its list; null if nothing says so. */
  readonly kind: Kind | null;
  readonly path: readonly PathSegment[];
  readonly parents: Parents;
  /** Whether it only names a thread, which may exist already. */
  readonly isReference?: true;
}

/** Reports a field beside objects that is not imported, or that says that some objects are missing. */
export type OnField = (kind: 'Dropped' | 'Missing', path: readonly PathSegment[]) => void;

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

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (isContainer(value) && Object.keys(value).length === 0);

const isMessage = (fields: Fields): boolean =>
  ['role', 'sender'].some((name) => fields[name] !== undefined) &&
  ['content', 'text', 'message', 'value', 'parts'].some((name) => fields[name] !== undefined);

/** The kind of an object that does not name it, by its fields or its id. */
function inferKind(value: Fields): Kind | null {
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
  const name = Object.keys(fields).find((key) => apiName(kind, key) === 'id');
  return fields['id'] ?? (name === undefined ? undefined : fields[name]);
}

/** The parents of what is in an object of kind `own`, or beside others, as in `{thread, messages}`. */
function parentsIn(fields: Fields, own: Kind | null, outer: Parents): Parents {
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

interface Child {
  readonly key: string;
  readonly kind: Kind | null;
}

/** The fields of an object that hold API objects, in the order in which these need one another. */
function childrenOf(fields: Fields): Child[] {
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
function isMap(fields: Fields, kind: Kind | null): boolean {
  const keys = Object.keys(fields);
  const hasIds = kind !== null || keys.every((key) => key.startsWith('thread_'));
  return (
    hasIds &&
    keys.length > 0 &&
    keys.every((key) => isContainer(fields[key]) && !objectFields.has(key)) &&
    childrenOf(fields).length === 0
  );
}

/** Finds the API objects in a value of a file. */
class ObjectFinder {
  readonly #onField: OnField;

  constructor(onField: OnField) {
    this.#onField = onField;
  }

  *find(candidate: Candidate): Generator<Candidate> {
    const { value, kind, path } = candidate;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        yield* this.find({ ...candidate, value: item, path: [...path, index] });
      }
      return;
    }
    if (!isJsonObject(value)) return yield candidate;
    const declared = declaredKind(value);
    if (declared === null && isMap(value, kind)) return yield* this.#findInMap(candidate, value);
    const own = declared ?? kind ?? inferKind(value);
    const isLeaf =
      own === 'thread.message' ? declared !== null || isMessage(value) : own === 'thread.run.step';
    const children = isLeaf
      ? []
      : childrenOf(value).filter((child) => declared === null || child.kind !== null);
    if (children.length === 0) return yield { ...candidate, kind: own };
    yield* this.#findBeside(candidate, value, children);
  }

  /** The objects of `{"thread_1": […], "thread_2": {…}}`. */
  *#findInMap({ kind, path, parents }: Candidate, map: Fields): Generator<Candidate> {
    const owner = kind === 'thread.run.step' ? 'run_id' : 'thread_id';
    for (const [key, value] of Object.entries(map)) {
      const isList =
        Array.isArray(value) || childrenOf(Object(value)).some((child) => child.kind === null);
      const child = { path: [...path, key], parents };
      if (isList && (kind === null || kind === 'thread')) {
        yield { value: { id: key }, kind: 'thread', path: child.path, parents, isReference: true };
      }
      if (isList) {
        const itemKind = kind === null || kind === 'thread' ? 'thread.message' : kind;
        yield* this.find({
          ...child,
          value,
          kind: itemKind,
          parents: { ...parents, [owner]: key },
        });
      } else
        yield* this.find({
          ...child,
          value: { id: key, ...Object(value) },
          kind: kind ?? 'thread',
        });
    }
  }

  /** An object and the objects in its fields. */
  *#findBeside(
    candidate: Candidate,
    value: Fields,
    children: readonly Child[],
  ): Generator<Candidate> {
    const { path } = candidate;
    const own = ownKind(candidate, value, children);
    const childKeys = new Set(children.map(({ key }) => key));
    const rest = Object.entries(value).filter(([key]) => !childKeys.has(key));
    for (const [key, inner] of rest) {
      if (snakeCase(key) === 'has_more' && inner === true) this.#onField('Missing', [...path, key]);
    }
    const parents = parentsIn(value, own, candidate.parents);
    const ownFields = Object.fromEntries(rest);
    if (own === null) {
      if (typeof parents.thread_id === 'string' && !childKeys.has('thread')) {
        yield {
          value: { id: parents.thread_id },
          kind: 'thread',
          path,
          parents,
          isReference: true,
        };
      }
      for (const [key, inner] of rest)
        if (isLost(key, inner)) this.#onField('Dropped', [...path, key]);
    } else yield { ...candidate, value: ownFields, kind: own };
    for (const { key, kind } of children) {
      const inherited = kind ?? (own === null ? candidate.kind : null);
      yield* this.find({ value: value[key], kind: inherited, path: [...path, key], parents });
    }
  }
}

/** Whether a field beside lists of objects says something that is not imported. */
function isLost(key: string, value: unknown): boolean {
  const name = snakeCase(key);
  const isId = Object.values(idFields).some((field) => field === name) || name === 'id';
  return !isId && !envelopeFields.has(name) && !isEmpty(value);
}

/** What an object with other objects in its fields is itself; null for a mere collection. */
function ownKind({ kind }: Candidate, value: Fields, children: readonly Child[]): Kind | null {
  const declared = declaredKind(value);
  if (declared !== null) return declared;
  const names = new Set(Object.keys(value).map((key) => apiName('thread', snakeCase(key))));
  const inside = new Set(children.map((child) => child.kind));
  if (inside.has(null)) return null;
  if (kind !== null && kind !== 'thread.message' && !inside.has(kind)) return kind;
  if (inside.has('thread')) return names.has('model') ? 'assistant' : null;
  if (inside.has('thread.message')) {
    const isThread = ['created_at', 'metadata', 'tool_resources'].some((name) => names.has(name));
    return names.has('id') && isThread ? 'thread' : null;
  }
  return names.has('status') && names.has('assistant_id') ? 'thread.run' : null;
}

/** The API objects in a value of a file, parents first. */
export const findObjects = (
  value: unknown,
  path: readonly PathSegment[],
  onField: OnField,
): Generator<Candidate> => new ObjectFinder(onField).find({ value, kind: null, path, parents: {} });
