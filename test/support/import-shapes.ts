import { toLines } from './transfer.ts';

/* The forms in which people have saved API objects, written from the same objects. */

type Fields = Readonly<Record<string, unknown>>;

/** The objects of one database, parents first. */
export interface Dump {
  readonly assistants: readonly Fields[];
  readonly threads: readonly Fields[];
  /** Messages of all threads, oldest first. */
  readonly messages: readonly Fields[];
  readonly runs: readonly Fields[];
  readonly steps: readonly Fields[];
}

export const allObjects = ({ assistants, threads, messages, runs, steps }: Dump): Fields[] => [
  ...assistants,
  ...threads,
  ...messages,
  ...runs,
  ...steps,
];

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;
const page = (data: readonly unknown[]) => ({ object: 'list', data, has_more: false });
const ofThread = (objects: readonly Fields[], { id }: Fields) =>
  objects.filter((object) => object['thread_id'] === id);
const ofRun = (steps: readonly Fields[], { id }: Fields) =>
  steps.filter((step) => step['run_id'] === id);

/** A page of openai-node 4, whose fields were all enumerable. */
const nodePage = (data: readonly unknown[]) => ({
  options: { method: 'get', path: '/threads/thread_1/messages', query: {} },
  response: { size: 0, timeout: 0 },
  body: { ...page(data), first_id: 'a', last_id: 'b' },
  data,
  has_more: false,
});

/** A page of the Python SDK; its objects have null for what the API omitted. */
const modelDump = (objects: readonly Fields[]) =>
  objects.map((object) =>
    Object.fromEntries(
      Object.entries({ incomplete_details: null, status: null, ...object }).toSorted(
        ([one], [other]) => (one < other ? -1 : 1),
      ),
    ),
  );

function pythonText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll('\u2028', String.raw`\u2028`);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + escaped.replaceAll(quote, `\\${quote}`) + quote;
}

/** What Python prints for a value; objects are dictionaries. */
export function toPython(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonText(value);
  if (typeof value === 'number') return `${value}`;
  if (Array.isArray(value)) return `[${value.map((item) => toPython(item)).join(', ')}]`;
  const pairs = Object.entries(Object(value)).map(
    ([key, item]) => `${toPython(key)}: ${toPython(item)}`,
  );
  return `{${pairs.join(', ')}}`;
}

/** What Python prints for an object of the SDK, such as `Message(id='msg_1', …)`. */
export function toPythonObject(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => toPythonObject(item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return toPython(value);
  const fields = Object.entries(value).map(
    ([key, item]) => `${key}=${key === 'metadata' ? toPython(item) : toPythonObject(item)}`,
  );
  return `Model(${fields.join(', ')})`;
}

const camel = (name: string) =>
  name.replaceAll(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase());

/** An object of Azure's JavaScript SDKs: names in camel case, and dates for times. */
export function toAzure(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => toAzure(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    if (key === 'metadata' || key === 'parameters') return [key, item];
    const isTime = key.endsWith('_at') && typeof item === 'number';
    return [camel(key), isTime ? new Date(item * 1000).toISOString() : toAzure(item)];
  });
  return Object.fromEntries(entries);
}

/** Shapes with everything. */
export const wholeShapes: Readonly<Record<string, (dump: Dump) => string>> = {
  'JSON Lines': (dump) => toLines(allObjects(dump)),
  'an array': (dump) => pretty(allObjects(dump)),
  'documents one after the other': (dump) =>
    allObjects(dump)
      .map((object) => pretty(object))
      .join(''),
  'lists under their names': (dump) => pretty(dump),
  'lists of the API under their names': ({ assistants, threads, messages, runs, steps }) =>
    pretty({
      exported_at: '2026-08-01T00:00:00Z',
      assistants: page(assistants),
      threads: page(threads),
      messages: page(messages),
      runs: page(runs),
      run_steps: page(steps),
    }),
  'threads with what they contain': ({ assistants, threads, messages, runs, steps }) =>
    pretty({
      assistants,
      threads: threads.map((thread) => ({
        ...thread,
        messages: ofThread(messages, thread),
        runs: ofThread(runs, thread).map((run) => ({ ...run, steps: ofRun(steps, run) })),
      })),
    }),
  'threads beside what they contain': ({ assistants, threads, messages, runs, steps }) =>
    pretty([
      ...assistants,
      ...threads.map((thread) => ({
        thread,
        messages: page(ofThread(messages, thread)),
        runs: page(ofThread(runs, thread)),
        run_steps: Object.fromEntries(
          ofThread(runs, thread).map((run) => [String(run['id']), ofRun(steps, run)]),
        ),
      })),
    ]),
  'pages of openai-node 4': ({ assistants, threads, messages, runs, steps }) =>
    [assistants, threads, messages, runs, steps].map((list) => pretty(nodePage(list))).join(''),
  'lists without their names': ({ assistants, threads, messages, runs, steps }) =>
    [assistants, threads, messages, runs, steps]
      .map((data) => `${JSON.stringify({ data, has_more: false })}\n`)
      .join(''),
  'dumps of the Python SDK': ({ assistants, threads, messages, runs, steps }) =>
    pretty([...assistants, ...threads, ...modelDump(messages), ...runs, ...steps]),
  'printed dictionaries of Python': (dump) => toPython(allObjects(dump)),
  'printed objects of the Python SDK': (dump) =>
    allObjects(dump)
      .map((object) => `${toPythonObject(object)}\n`)
      .join(''),
  'objects of Azure SDKs': (dump) =>
    pretty({ data: toAzure(allObjects(dump)), firstId: 'a', lastId: 'b', hasMore: false }),
  'an HTTP response of axios': (dump) =>
    pretty({
      status: 200,
      statusText: 'OK',
      headers: {},
      config: {},
      data: page(allObjects(dump)),
    }),
};

const byThread = (messages: readonly Fields[]) =>
  Object.entries(Object.groupBy(messages, (message) => String(message['thread_id'])));

/** Shapes with messages alone. */
export const messageShapes: Readonly<Record<string, (messages: readonly Fields[]) => string>> = {
  'messages without their threads': (messages) => toLines(messages),
  'a list of messages, newest first': (messages) => pretty(page(messages.toReversed())),
  'a page of openai-node 4': (messages) => pretty(nodePage(messages.toReversed())),
  'a page of the Python SDK': (messages) =>
    `SyncCursorPage[Message](data=${toPythonObject(messages.toReversed())}, object='list', has_more=False)`,
  'dumps of messages, newest first': (messages) => pretty(modelDump(messages).toReversed()),
  'messages by thread': (messages) => pretty(Object.fromEntries(byThread(messages))),
  'threads by id': (messages) =>
    pretty({
      threads: Object.fromEntries(byThread(messages).map(([id, own]) => [id, { messages: own }])),
    }),
  'a thread id beside messages': (messages) =>
    pretty(
      byThread(messages).map(([thread_id, own]) => ({
        thread_id,
        messages: own?.map((message) => ({ ...message, thread_id: undefined })),
      })),
    ),
};
