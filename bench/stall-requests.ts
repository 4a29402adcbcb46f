import type { Program } from './stall-programs.ts';

/** A request that is large or built to be expensive. */
export interface StallRequest {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Empty over stdio. */
  readonly path: string;
  readonly body: Buffer;
}

/** Where a REST body goes, and the tool that takes the same fields as arguments. */
interface Target {
  readonly path: string;
  readonly tool: string;
  /** The ids in the path, which are arguments of the tool. */
  readonly ids?: Readonly<Record<string, string>>;
}

type Operation = readonly [name: string, target: Target, json: string];

const mebibyte = 2 ** 20;

const repeat = (item: string, count: number): string => `${`${item},`.repeat(count - 1)}${item}`;
const message = (content: string): string => JSON.stringify({ role: 'user', content });
const messages = (...items: readonly string[]): string => `{"messages":[${items.join()}]}`;
const longMessage = message('x y '.repeat(64_000));
const emptyObjects = repeat('{}', 1_390_000);
const nested = `{"a":${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}}`;

const objectWith = (count: number, value: string): string =>
  `{${Array.from({ length: count }, (_, index) => `"k${index}":${value}`).join()}}`;

const tools = (parameters: string): string =>
  `"tools":[{"type":"function","function":{"name":"f","parameters":${parameters}}}]`;

const createThread: Target = { path: '/v1/threads', tool: 'create_thread' };
const createAssistant: Target = { path: '/v1/assistants', tool: 'create_assistant' };

/** Arrays and objects that are too long. */
function tooMany(modifyThread: Target, createRun: Target, submit: Target): Operation[] {
  const parts = repeat('{"type":"text","text":"a"}', 100_000);
  const attachments = repeat('{"file_id":"a","tools":[]}', 100_000);
  const ids = repeat('"a"', 1_000_000);
  const filesOf = (tool: string) => `{"tool_resources":{"${tool}":{"file_ids":[${ids}]}}}`;
  const store = `{"tool_resources":{"file_search":{"vector_stores":[{"file_ids":[${ids}]}]}}}`;
  return [
    ['messages: 1,390,000 times {}', createThread, messages(emptyObjects)],
    ['messages: 40,000 valid ones', createThread, messages(repeat(message('Hello.'), 40_000))],
    ['content: 100,000 parts', createThread, messages(`{"role":"user","content":[${parts}]}`)],
    [
      'content: 1,390,000 numbers',
      createThread,
      messages(`{"content":[${repeat('1', 1_390_000)}]}`),
    ],
    ['attachments: 100,000', createThread, messages(`{"attachments":[${attachments}]}`)],
    ['metadata: 300,000 keys', modifyThread, `{"metadata":${objectWith(300_000, '1')}}`],
    ['300,000 unknown names', createThread, objectWith(300_000, '1')],
    ['tool_outputs: 1,390,000 times {}', submit, `{"tool_outputs":[${emptyObjects}]}`],
    [
      'additional_messages: 1,390,000 times {}',
      createRun,
      `{"additional_messages":[${emptyObjects}]}`,
    ],
    ['tools: 1,390,000 times {}', createAssistant, `{"tools":[${emptyObjects}]}`],
    ['parameters: 1,390,000 times {}', createAssistant, `{${tools(`{"enum":[${emptyObjects}]}`)}}`],
    ['file_ids: 1,000,000', modifyThread, filesOf('code_interpreter')],
    ['a vector store of 1,000,000 files', createThread, store],
  ];
}

/** Long texts and odd JSON. */
function tooLong(modifyThread: Target): Operation[] {
  const enumeration = `{"enum":[${repeat(`"${'x'.repeat(90)}"`, 95_000)}]}`;
  return [
    [
      'metadata: a value of 9 MiB',
      modifyThread,
      `{"metadata":{"a":"${'é'.repeat(4.5 * mebibyte)}"}}`,
    ],
    ['a name of 9 MiB', createThread, `{"${'x'.repeat(9 * mebibyte)}":1}`],
    ['a number of 9,000,000 digits', createAssistant, `{"temperature":${'9'.repeat(9_000_000)}}`],
    ['parameters: 2,000,000 levels deep', createAssistant, `{${tools(nested)}}`],
    ['parameters: 95,000 texts of 90 characters', createAssistant, `{${tools(enumeration)}}`],
    ['9 MiB of spaces', createThread, `{${' '.repeat(9 * mebibyte)}}`],
    ['9 MiB that are not JSON', createThread, `{"messages":[${repeat('"a"', 2_300_000)}`],
  ];
}

/** Large requests that are accepted. */
function large(createRun: Target, assistantId: string): Operation[] {
  const property = `{"type":"string","description":"${'The weather there. '.repeat(4)}"}`;
  const parameters = `{"type":"object","properties":${objectWith(25_000, property)}}`;
  const run = `{"assistant_id":"${assistantId}","additional_messages":[${message('Hello.')}],${tools(parameters)}}`;
  return [
    ['messages: 1,000', createThread, messages(repeat(message('Hello.'), 1000))],
    ['messages: 36 of 256,000 characters', createThread, messages(repeat(longMessage, 36))],
    ['a run with 3 MiB of parameters', createRun, run],
  ];
}

/** What only REST accepts, or refuses because of its size. */
const restOnly: readonly Operation[] = [
  ['messages: 100 of 256,000 characters', createThread, messages(repeat(longMessage, 100))],
  ['30 MiB of spaces', createThread, `{${' '.repeat(30 * mebibyte)}}`],
];

/** Messages that reach no tool. */
const rawMessages: readonly (readonly [name: string, json: string])[] = [
  ['a batch of 1,390,000 times {}', `[${emptyObjects}]`],
  [
    'params: 1,390,000 times {}',
    `{"jsonrpc":"2.0","id":"huge","method":"ping","params":{"a":[${emptyObjects}]}}`,
  ],
  ['2,000,000 levels deep', `{"jsonrpc":"2.0","id":"huge","method":"ping","params":${nested}}`],
];

const toRest = ([name, { path }, json]: Operation): StallRequest => ({
  name: `REST ${name}`,
  method: 'POST',
  path,
  body: Buffer.from(json),
});

const toCall = ([name, { tool, ids = {} }, json]: Operation): readonly [string, string] => {
  const idFields = Object.entries(ids).map(([key, value]) => `"${key}":"${value}",`);
  const args = `{${idFields.join('')}${json.slice(1)}`;
  const params = `{"name":"${tool}","arguments":${args}}`;
  return [name, `{"jsonrpc":"2.0","id":"huge","method":"tools/call","params":${params}}`];
};

const toMessage =
  (transport: string, path: string) =>
  ([name, json]: readonly [string, string]): StallRequest => ({
    name: `${transport} ${name}`,
    method: 'POST',
    path,
    body: Buffer.from(json),
  });

/** The requests for a program, with the objects that they need. */
export async function prepareRequests(program: Program): Promise<StallRequest[]> {
  const content = 'x y '.repeat(64_000);
  const count = program.isServer ? 100 : 1;
  const longMessages = Array.from({ length: count }, () => ({ role: 'user', content }));
  const thread_id = await program.create('threads', { messages: longMessages });
  const runThread = await program.create('threads', {});
  const assistantId = await program.create('assistants', { model: 'bench' });
  const path = `/v1/threads/${thread_id}`;
  const ids = { thread_id };
  const modifyThread = { path, tool: 'modify_thread', ids };
  const runIds = { thread_id: runThread };
  const createRun = { path: `/v1/threads/${runThread}/runs`, tool: 'create_run', ids: runIds };
  const submit = {
    path: `${path}/runs/run_none/submit_tool_outputs`,
    tool: 'submit_tool_outputs',
    ids: { thread_id, run_id: 'run_none' },
  };
  const operations = [
    ...tooMany(modifyThread, createRun, submit),
    ...tooLong(modifyThread),
    ...large(createRun, assistantId),
  ];
  const messageOf = program.isServer ? toMessage('/mcp', '/mcp') : toMessage('stdio', '');
  const calls = [...operations.map(toCall), ...rawMessages].map(messageOf);
  if (!program.isServer) return calls;
  const listPath = `${path}/messages?limit=100`;
  const listed = '100 messages of 256,000 characters listed';
  const list = {
    name: `REST ${listed}`,
    method: 'GET',
    path: listPath,
    body: Buffer.alloc(0),
  } as const;
  const listCall = toCall([listed, { path, tool: 'list_messages', ids }, '{"limit":100}']);
  return [...[...restOnly, ...operations].map(toRest), list, ...calls, messageOf(listCall)];
}
