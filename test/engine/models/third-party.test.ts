import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  startedEventNames,
  eventData,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../../support/conversation.ts';
import { functionCall, reasoningItem, textMessage } from '../../support/upstream-items.ts';
import type { StreamEvent } from '../../support/upstream-events.ts';

type Edit = (events: StreamEvent[]) => StreamEvent[];

const only =
  (...types: string[]): Edit =>
  (events) =>
    events.filter(({ type }) => types.includes(type));

type OutputItem = OpenAI.Responses.ResponseOutputItem;

const otherNames = new Map<unknown, string>([
  ['response.output_text.delta', 'response.content_part.delta'],
  ['response.completed', 'response.done'],
]);

type Change = (key: string, value: unknown) => unknown;

/** Changes what stands under a name, wherever it does; undefined leaves it out. */
const everywhere =
  (change: Change): Edit =>
  (events) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a careless server sends
    JSON.parse(JSON.stringify(events, change)) as StreamEvent[];

const without = (...names: string[]): Edit =>
  everywhere((key, value) => (names.includes(key) ? undefined : value));

/** What the end of all says the output was. */
const atTheEnd = (edit: (output: OutputItem[]) => OutputItem[]): Edit =>
  everywhere((key, value) =>
    key === 'response' && Reflect.get(Object(value), 'status') === 'completed'
      ? { ...Object(value), output: edit(Reflect.get(Object(value), 'output')) }
      : value,
  );

/** Numbers items as if there were others in front of them. */
const counting = (from: number): Edit =>
  everywhere((key, value) => (key === 'output_index' ? Number(value) + from : value));

const renamed = (output: OutputItem[]): OutputItem[] =>
  output.map((item, index) => ({ ...item, id: `new_${index}` }));

const inTurn =
  (...edits: Edit[]): Edit =>
  (events) =>
    edits.reduce((edited, edit) => edit(edited), events);

/** Servers that speak Responses, each leaving out something that OpenAI's sends. */
const servers: [string, Edit][] = [
  ['sends nothing but the end', only('response.completed')],
  ['sends no items', (events) => events.filter(({ type }) => !type.includes('output_item'))],
  ['sends no deltas', (events) => events.filter(({ type }) => !type.endsWith('.delta'))],
  [
    'forgets the output at the end',
    (events) =>
      events.map((event) =>
        event.type === 'response.completed'
          ? { ...event, response: { ...event.response, output: [] } }
          : event,
      ),
  ],
  [
    'counts nothing and numbers nothing',
    (events) => events.map((event) => ({ ...event, sequence_number: 0 })),
  ],
  ['has no annotations', without('annotations')],
  ['says neither which item nor which part grows', without('output_index', 'content_index')],
  [
    'gives content as text',
    everywhere((key, value) => (key === 'content' && String(value) !== '' ? 'Let me see.' : value)),
  ],
  [
    'gives arguments as an object',
    everywhere((key, value) => (key === 'arguments' ? { city: 'Oslo' } : value)),
  ],
  [
    'has one id for a call',
    everywhere((key, value) => {
      if (key === 'call_id') return undefined;
      return key === 'id' && String(value).startsWith('fc_') ? 'call_1' : value;
    }),
  ],
  ['ends without a response', without('response')],
  [
    'remembers at the end that it thought',
    atTheEnd((output) => [reasoningItem('sealed'), ...output]),
  ],
  ['forgets at the end that it thought', counting(1)],
  ['forgets at the end what it called its items', inTurn(counting(1), atTheEnd(renamed))],
  ['numbers all items alike', everywhere((key, value) => (key === 'output_index' ? 0 : value))],
  [
    'says arguments in deltas alone',
    (events) => without('arguments')(events.filter(({ type }) => !type.endsWith('arguments.done'))),
  ],
  [
    'says of its calls how they begin, and what they are called with',
    inTurn(
      (events) => events.filter((event) => event.type !== 'response.output_item.done'),
      atTheEnd(() => []),
    ),
  ],
  [
    'has other names for deltas and the end',
    everywhere((key, value) => (key === 'type' ? (otherNames.get(value) ?? value) : value)),
  ],
];

test.each(servers)('a server that %s', async (_, edit) => {
  const harness = await setup({ key: null, baseURL: 'http://localhost:8000/v1' });
  harness.upstream.respondWith({
    output: [textMessage('Let me see.'), functionCall('get_weather', { city: 'Oslo' }, 'call_1')],
    edit,
  });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  expect(waiting.required_action?.submit_tool_outputs.tool_calls).toMatchObject([
    { id: 'call_1', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
  ]);
  const messages = await readMessages(harness, thread_id);
  expect(messages.map(textOf)).toEqual(['Weather in Oslo?', 'Let me see.']);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ type }) => type)).toEqual(['message_creation', 'tool_calls']);
});

test('a server that answers with a page of its proxy', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    http: { status: 502, error: '<html><h1>Bad Gateway</h1></html>' },
  });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const { last_error } = await readRun(harness, run);
  expect(last_error?.code).toBe('server_error');
  expect(last_error?.message).toMatch(/502|Bad Gateway/u);
});

test('a server whose ids of calls are its own', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_call_1:x/y')] });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
  const tool_outputs = [{ tool_call_id: call?.id ?? '', output: 'x' }];
  const taken = await harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs,
  });
  expect(taken.status).toBe('queued');
});

test('a server that neither names its calls nor says what they are called with', async () => {
  const harness = await setup();
  const output = [
    functionCall('get_weather', {}, 'call_1'),
    functionCall('get_weather', {}, 'call_2'),
  ];
  harness.upstream.respondWith({ output, edit: without('id', 'call_id', 'arguments') });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const made = required_action?.submit_tool_outputs.tool_calls ?? [];
  expect(made.map((call) => call.function.arguments)).toEqual(['{}', '{}']);
  expect(new Set(made.map(({ id }) => id)).size).toBe(2);
  for (const { id } of made) expect(id).toMatch(/^call_\w{24}$/u);
});

test('a server that cannot count', async () => {
  const harness = await setup();
  const counts = new Map<string, unknown>([
    ['input_tokens', -1],
    ['output_tokens', 'many'],
    ['total_tokens', null],
    ['cached_tokens', -5],
  ]);
  harness.upstream.respondWith({
    edit: everywhere((key, value) => (counts.has(key) ? counts.get(key) : value)),
  });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect((await readRun(harness, run)).usage).toMatchObject({
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    prompt_token_details: { cached_tokens: 0 },
  });
});

/** The events of two items by turns. */
const mixed: Edit = (events) => {
  const of = (place: number) =>
    events.filter((event) => 'output_index' in event && event.output_index === place);
  const [one, other] = [of(0), of(1)];
  const both = one.flatMap((event, index) => [event, ...other.slice(index, index + 1)]);
  const around = events.filter((event) => !('output_index' in event));
  const end = around.findIndex(({ type }) => type === 'response.completed');
  return [...around.slice(0, end), ...both, ...other.slice(one.length), ...around.slice(end)];
};

test.each<[string, Edit]>([
  ['', mixed],
  [
    ', and never that one is over',
    (events) => mixed(events).filter(({ type }) => type !== 'response.output_item.done'),
  ],
])('a server that says two messages at once%s', async (_, edit) => {
  const harness = await setup({ key: null, baseURL: 'http://localhost:8000/v1' });
  harness.upstream.respondWith({
    output: [textMessage('Let me see what there is.'), textMessage('It is cold.')],
    edit,
  });
  const { events, thread_id } = await streamRunToEnd(harness);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...messageEventNames,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(harness, events);
  const said = (await readMessages(harness, thread_id)).map(textOf);
  expect(said.slice(-2)).toEqual(['Let me see what there is.', 'It is cold.']);
});

test.each([
  ['the message', [textMessage('It is'), textMessage('very')], ['completed', 'incomplete']],
  ['a call behind it', [textMessage('It is'), functionCall('get_weather', '{"ci')], ['completed']],
])(
  'a server that says of a message that it is done when %s was cut off',
  async (_, output, ends) => {
    const harness = await setup();
    harness.upstream.respondWith({ output, incomplete: 'max_output_tokens' });
    const { events, thread_id } = await streamRunToEnd(harness);
    expect(eventNames(events).at(-1)).toBe('run.incomplete');
    const [, ...told] = await readMessages(harness, thread_id);
    expect(told.map(({ status }) => status)).toEqual(ends);
    await expectStreamMatchesStored(harness, events);
  },
);

test('arguments that come in deltas alone, in the middle of a message', async () => {
  const harness = await setup();
  const output = [
    textMessage('Let me see what there is.'),
    functionCall('get_weather', { city: 'Oslo' }),
  ];
  const bare = without('arguments');
  const edit: Edit = (events) => bare(mixed(events));
  harness.upstream.respondWith({ output, edit });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const [call] = required_action?.submit_tool_outputs.tool_calls ?? [];
  expect(call?.function.arguments).toBe('{"city":"Oslo"}');
});

test('an empty part is no part', async () => {
  const harness = await setup();
  const [empty, full] = [textMessage('').content, textMessage('Sunny.').content];
  harness.upstream.respondWith({ output: [{ ...textMessage(''), content: [...empty, ...full] }] });
  const { events } = await streamRunToEnd(harness);
  const deltas = eventData(events, 'thread.message.delta').flatMap(
    ({ delta }) => delta.content ?? [],
  );
  expect(new Set(deltas.map(({ index }) => index))).toEqual(new Set([0]));
  await expectStreamMatchesStored(harness, events);
});
