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

const otherTypes = new Map<unknown, string>([
  ['response.output_text.delta', 'response.content_part.delta'],
  ['response.completed', 'response.done'],
]);

type Change = (key: string, value: unknown) => unknown;

/** Replaces values anywhere in the events; undefined removes them. */
const everywhere =
  (change: Change): Edit =>
  (events) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- non-conforming on purpose
    JSON.parse(JSON.stringify(events, change)) as StreamEvent[];

const without = (...names: string[]): Edit =>
  everywhere((key, value) => (names.includes(key) ? undefined : value));

/** Edits the output of the final response. */
const inFinalOutput = (edit: (output: OutputItem[]) => OutputItem[]): Edit =>
  everywhere((key, value) =>
    key === 'response' && Reflect.get(Object(value), 'status') === 'completed'
      ? { ...Object(value), output: edit(Reflect.get(Object(value), 'output')) }
      : value,
  );

const withOutputIndexFrom = (start: number): Edit =>
  everywhere((key, value) => (key === 'output_index' ? Number(value) + start : value));

const withNewIds = (output: OutputItem[]): OutputItem[] =>
  output.map((item, index) => ({ ...item, id: `new_${index}` }));

const all =
  (...edits: Edit[]): Edit =>
  (events) =>
    edits.reduce((edited, edit) => edit(edited), events);

/** Servers of the Responses API that differ from OpenAI's. */
const servers: [string, Edit][] = [
  ['sends the final response only', only('response.completed')],
  ['sends no item events', (events) => events.filter(({ type }) => !type.includes('output_item'))],
  ['sends no deltas', (events) => events.filter(({ type }) => !type.endsWith('.delta'))],
  [
    'sends a final response without output',
    (events) =>
      events.map((event) =>
        event.type === 'response.completed'
          ? { ...event, response: { ...event.response, output: [] } }
          : event,
      ),
  ],
  [
    'sends sequence number 0 in every event',
    (events) => events.map((event) => ({ ...event, sequence_number: 0 })),
  ],
  ['sends no annotations', without('annotations')],
  ['sends neither output_index nor content_index', without('output_index', 'content_index')],
  [
    'sends message content as a string',
    everywhere((key, value) => (key === 'content' && String(value) !== '' ? 'Let me see.' : value)),
  ],
  [
    'sends arguments as an object',
    everywhere((key, value) => (key === 'arguments' ? { city: 'Oslo' } : value)),
  ],
  [
    'sends no call_id',
    everywhere((key, value) => {
      if (key === 'call_id') return undefined;
      return key === 'id' && String(value).startsWith('fc_') ? 'call_1' : value;
    }),
  ],
  ['sends a final event without a response', without('response')],
  [
    'sends reasoning in the final response only',
    inFinalOutput((output) => [reasoningItem('sealed'), ...output]),
  ],
  ['sends reasoning in the stream only', withOutputIndexFrom(1)],
  ['sends other ids in the final response', all(withOutputIndexFrom(1), inFinalOutput(withNewIds))],
  [
    'sends output_index 0 for all items',
    everywhere((key, value) => (key === 'output_index' ? 0 : value)),
  ],
  [
    'sends arguments in deltas only',
    (events) => without('arguments')(events.filter(({ type }) => !type.endsWith('arguments.done'))),
  ],
  [
    'sends no item.done events and no final output',
    all(
      (events) => events.filter((event) => event.type !== 'response.output_item.done'),
      inFinalOutput(() => []),
    ),
  ],
  [
    'sends other event types for deltas and the end',
    everywhere((key, value) => (key === 'type' ? (otherTypes.get(value) ?? value) : value)),
  ],
];

test.each(servers)('text and calls are complete at a server that %s', async (_, edit) => {
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

test("a web page with status 502 fails the run with the page's message", async () => {
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

test('call ids of another format are accepted in tool outputs', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_call_1:x/y')] });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
  const tool_outputs = [{ tool_call_id: call?.id ?? '', output: 'x' }];
  const resumed = await harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs,
  });
  expect(resumed.status).toBe('queued');
});

test('calls without ids and arguments get new ids and empty arguments', async () => {
  const harness = await setup();
  const output = [
    functionCall('get_weather', {}, 'call_1'),
    functionCall('get_weather', {}, 'call_2'),
  ];
  harness.upstream.respondWith({ output, edit: without('id', 'call_id', 'arguments') });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const calls = required_action?.submit_tool_outputs.tool_calls ?? [];
  expect(calls.map((call) => call.function.arguments)).toEqual(['{}', '{}']);
  expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
  for (const { id } of calls) expect(id).toMatch(/^call_\w{24}$/u);
});

test('invalid token counts become 0', async () => {
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

/** Interleaves the events of two items. */
const interleaved: Edit = (events) => {
  const itemEvents = (output_index: number) =>
    events.filter((event) => 'output_index' in event && event.output_index === output_index);
  const [first, second] = [itemEvents(0), itemEvents(1)];
  const merged = first.flatMap((event, index) => [event, ...second.slice(index, index + 1)]);
  const others = events.filter((event) => !('output_index' in event));
  const end = others.findIndex(({ type }) => type === 'response.completed');
  return [...others.slice(0, end), ...merged, ...second.slice(first.length), ...others.slice(end)];
};

test.each<[string, Edit]>([
  ['', interleaved],
  [
    ' and item.done events are missing',
    (events) => interleaved(events).filter(({ type }) => type !== 'response.output_item.done'),
  ],
])(
  'messages are emitted one after the other if their events are interleaved%s',
  async (_, edit) => {
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
    const texts = (await readMessages(harness, thread_id)).map(textOf);
    expect(texts.slice(-2)).toEqual(['Let me see what there is.', 'It is cold.']);
  },
);

test.each([
  ['it', [textMessage('It is'), textMessage('very')], ['completed', 'incomplete']],
  ['the call after it', [textMessage('It is'), functionCall('get_weather', '{"ci')], ['completed']],
])(
  'a message with status completed gets the right status if %s was truncated',
  async (_, output, statuses) => {
    const harness = await setup();
    harness.upstream.respondWith({ output, incomplete: 'max_output_tokens' });
    const { events, thread_id } = await streamRunToEnd(harness);
    expect(eventNames(events).at(-1)).toBe('run.incomplete');
    const [, ...replies] = await readMessages(harness, thread_id);
    expect(replies.map(({ status }) => status)).toEqual(statuses);
    await expectStreamMatchesStored(harness, events);
  },
);

test('arguments are complete if they come only in deltas, interleaved with a message', async () => {
  const harness = await setup();
  const output = [
    textMessage('Let me see what there is.'),
    functionCall('get_weather', { city: 'Oslo' }),
  ];
  const edit = all(interleaved, without('arguments'));
  harness.upstream.respondWith({ output, edit });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const { required_action } = await readRun(harness, run);
  const [call] = required_action?.submit_tool_outputs.tool_calls ?? [];
  expect(call?.function.arguments).toBe('{"city":"Oslo"}');
});

test('an empty part of a message is omitted', async () => {
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
