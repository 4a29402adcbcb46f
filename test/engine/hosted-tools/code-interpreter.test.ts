import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  startedEventNames,
  eventData,
  expectStreamMatchesStored,
  collectWhileRunning,
  messageEventNames,
  eventNames,
  streamOutputs,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  weatherTool,
} from '../../support/conversation.ts';
import { functionCall, codeCall, textMessage } from '../../support/upstream-items.ts';

const code = { tools: [{ type: 'code_interpreter' }] } satisfies OpenAI.Beta.AssistantUpdateParams;
const startedStepEvents = ['run.step.created', 'run.step.in_progress', 'run.step.delta'];
const completedStepEvents = [...startedStepEvents, 'run.step.completed'];
const png = 'data:image/png;base64,iVBORw0KGgo=';

const callsOf = (step: OpenAI.Beta.Threads.Runs.RunStep | undefined) =>
  step?.step_details.type === 'tool_calls' ? step.step_details.tool_calls : [];

test('a code interpreter call is a step that streams its input, then its outputs', async () => {
  const harness = await setup();
  const outputs = [{ type: 'logs', logs: '42\n' } as const, { type: 'image', url: png } as const];
  harness.upstream.respondWith({
    output: [codeCall('print(6 * 7)', outputs), textMessage('It is 42.')],
    usage: [9, 4],
  });
  const { events } = await streamRunToEnd(harness, {}, code);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...completedStepEvents,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(harness, events);

  const deltas = eventData(events, 'thread.run.step.delta').map(({ delta }) => delta.step_details);
  const parts = deltas.flatMap((details) =>
    details?.type === 'tool_calls' ? (details.tool_calls ?? []) : [],
  );
  const inputs = parts.map((part) =>
    part.type === 'code_interpreter' ? (part.code_interpreter?.input ?? '') : '',
  );
  expect(inputs.filter(Boolean).length).toBeGreaterThan(1);
  expect(inputs.join('')).toBe('print(6 * 7)');
  const [image] = harness.storage.files.values();
  expect(parts.at(-1)).toEqual({
    index: 0,
    type: 'code_interpreter',
    code_interpreter: {
      outputs: [
        { index: 0, type: 'logs', logs: '42\n' },
        { index: 1, type: 'image', image: { file_id: image?.id } },
      ],
    },
  });
  const [done, message] = eventData(events, 'thread.run.step.completed');
  expect(callsOf(done)).toEqual([
    {
      id: parts[0]?.id,
      type: 'code_interpreter',
      code_interpreter: {
        input: 'print(6 * 7)',
        outputs: [
          { type: 'logs', logs: '42\n' },
          { type: 'image', image: { file_id: image?.id } },
        ],
      },
    },
  ]);
  // The turn's usage is counted in its last step.
  expect([done?.usage?.total_tokens, message?.usage?.total_tokens]).toEqual([0, 13]);
});

test('consecutive calls share a step, and a message between calls separates their steps', async () => {
  const harness = await setup();
  const output = [
    codeCall('a = 1'),
    codeCall('a + 1'),
    textMessage('So far.'),
    codeCall('a + 2'),
    textMessage('3'),
  ];
  harness.upstream.respondWith({ output });
  const { events } = await streamRunToEnd(harness, {}, code);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...completedStepEvents,
    ...messageEventNames,
    ...completedStepEvents,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(harness, events);
  const steps = eventData(events, 'thread.run.step.completed');
  const inputs = steps.map((step) =>
    callsOf(step).map((call) => call.type === 'code_interpreter' && call.code_interpreter.input),
  );
  expect(inputs).toEqual([['a = 1', 'a + 1'], [], ['a + 2'], []]);
});

test('function calls have a step of their own, and output items are sent back unchanged', async () => {
  const harness = await setup();
  const output = [
    codeCall('1 + 1', [{ type: 'logs', logs: '2' }]),
    functionCall('get_weather', {}),
  ];
  harness.upstream.respondWith(
    { output, usage: [20, 7] },
    { output: [textMessage('Snow.')], usage: [30, 2] },
  );
  const { events } = await streamRunToEnd(harness, {}, { tools: [...code.tools, weatherTool] });
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...completedStepEvents,
    ...startedStepEvents,
    'run.requires_action',
  ]);
  await expectStreamMatchesStored(harness, events);
  const [waiting] = eventData(events, 'thread.run.requires_action');
  if (waiting === undefined) throw new Error('the run does not wait');
  const after = await collectWhileRunning(harness, streamOutputs(harness, waiting));
  await expectStreamMatchesStored(harness, after);
  expect(harness.upstream.sent().input.slice(1, 3)).toEqual(output);
  const steps = await readSteps(harness, waiting);
  expect(steps.map(({ usage }) => usage?.total_tokens)).toEqual([0, 27, 32]);
  expect((await readRun(harness, waiting)).usage?.total_tokens).toBe(59);
});

test('the usage of a turn that ends with code is counted in the step of the code', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [textMessage('Look:'), codeCall('1')], usage: [5, 6] });
  const { run } = await createRun(harness, {}, code);
  await harness.runToEnd();
  const steps = await readSteps(harness, run);
  expect(steps.map(({ type, usage }) => [type, usage?.total_tokens])).toEqual([
    ['message_creation', 0],
    ['tool_calls', 11],
  ]);
  expect(await readRun(harness, run)).toMatchObject({ status: 'completed' });
});

test('a call that appears only in the final response gets a complete step', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [codeCall('print(1)', [{ type: 'logs', logs: '1' }]), textMessage('One.')],
    edit: (events) => events.filter(({ type }) => !/code|output_item/u.test(type)),
  });
  const { events } = await streamRunToEnd(harness, {}, code);
  await expectStreamMatchesStored(harness, events);
  const steps = eventData(events, 'thread.run.step.completed');
  expect(steps.flatMap(callsOf)).toMatchObject([
    { code_interpreter: { input: 'print(1)', outputs: [{ type: 'logs', logs: '1' }] } },
  ]);
});

test('a message that streams during a call is emitted after the call', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [codeCall('slow()', [{ type: 'logs', logs: 'done' }]), textMessage('Meanwhile.')],
    edit: (events) => {
      const callDone = events.filter(
        (event) => event.type === 'response.output_item.done' && event.output_index === 0,
      );
      const others = events.filter((event) => !callDone.includes(event));
      return [...others.slice(0, -1), ...callDone, ...others.slice(-1)];
    },
  });
  const { events } = await streamRunToEnd(harness, {}, code);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...completedStepEvents,
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(harness, events);
});

test('calls of tools without a counterpart in the Assistants API have no step', async () => {
  const harness = await setup();
  const item = { id: 'ws_1', type: 'web_search_call', status: 'completed', action: {} };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's type has more fields
  const search = item as unknown as OpenAI.Responses.ResponseFunctionWebSearch;
  harness.upstream.respondWith({ output: [search, functionCall('get_weather', {})] }, {});
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  expect(await readSteps(harness, run)).toHaveLength(1);
  await collectWhileRunning(harness, streamOutputs(harness, await readRun(harness, run)));
  expect(harness.upstream.sent().input[1]).toEqual(item);
  expect(await readMessages(harness, thread_id)).toHaveLength(2);
});

test('the SDK’s stream helper emits events when calls are created, grow and are done', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [codeCall('x = 1\nx + 1'), codeCall('x'), textMessage('Two.')],
  });
  const { id: assistant_id } = await harness.openai.beta.assistants.create({
    model: 'gpt-4.1',
    ...code,
  });
  const { id: thread_id } = await harness.openai.beta.threads.create({
    messages: [{ role: 'user', content: 'Count.' }],
  });
  const stream = harness.openai.beta.threads.runs.stream(thread_id, { assistant_id });
  const received: string[] = [];
  let written = '';
  stream.on('toolCallCreated', (call) => received.push(`created ${call.type}`));
  stream.on('toolCallDelta', (delta) => {
    if (delta.type === 'code_interpreter') written += delta.code_interpreter?.input ?? '';
  });
  stream.on('toolCallDone', (call) => received.push(`done ${call.id.slice(0, 5)}`));
  stream.on('textDone', ({ value }) => received.push(value));
  const final = stream.finalRun();
  await new Promise<void>((resolve) => {
    stream.once('connect', resolve);
  });
  await harness.runToEnd();
  expect((await final).status).toBe('completed');
  expect(written).toBe('x = 1\nx + 1x');
  expect(received).toEqual([
    'created code_interpreter',
    'done call_',
    'created code_interpreter',
    'done call_',
    'Two.',
  ]);
});
