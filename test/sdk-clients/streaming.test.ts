import type { AssistantStream } from 'openai/lib/AssistantStream';
import { expect, test } from 'vitest';
import { setupOverHttp } from '../support/http.ts';
import {
  assemble,
  collect,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
} from '../support/run-stream.ts';
import {
  callIds,
  createAssistant,
  createThread,
  readMessages,
  textOf,
} from '../support/conversation.ts';
import { createGate } from '../support/upstream.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';

/** Every event of the SDK's stream helper, as one line each. */
function recordEvents(stream: AssistantStream): string[] {
  const lines: string[] = [];
  const record = (line: string) => void lines.push(line);
  stream
    .on('connect', () => record('connect'))
    .on('runStepCreated', ({ type }) => record(`runStepCreated ${type}`))
    .on('runStepDone', ({ status }) => record(`runStepDone ${status}`))
    .on('messageCreated', ({ role }) => record(`messageCreated ${role}`))
    .on('messageDone', ({ status }) => record(`messageDone ${status}`))
    .on('textCreated', () => record('textCreated'))
    .on('textDelta', ({ value }, snapshot) => record(`textDelta ${value} | ${snapshot.value}`))
    .on('textDone', ({ value }) => record(`textDone ${value}`))
    .on('toolCallCreated', ({ id }) => record(`toolCallCreated ${id}`))
    .on('toolCallDelta', (delta) =>
      record(`toolCallDelta ${delta.type === 'function' ? delta.function?.arguments : ''}`),
    )
    .on('toolCallDone', (call) =>
      record(`toolCallDone ${call.type === 'function' ? call.function.arguments : ''}`),
    )
    .on('run', ({ status }) => record(`run ${status}`))
    .on('abort', () => record('abort'))
    .on('error', ({ message }) => record(`error ${message}`))
    .on('end', () => record('end'));
  return lines;
}

test('calls every callback of stream, then of submitToolOutputsStream', async () => {
  const harness = await setupOverHttp();
  const { runs } = harness.openai.beta.threads;
  harness.upstream.respondWith(
    {
      output: [
        textMessage('abc'),
        functionCall('get_weather', { city: 'Oslo' }, 'call_1'),
        functionCall('get_weather', { city: 'Rome' }, 'call_2'),
      ],
    },
    { output: [textMessage('Snow.')] },
  );
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);

  const stream = runs.stream(thread_id, { assistant_id });
  const lines = recordEvents(stream);
  const waiting = await stream.finalRun();
  expect(waiting.status).toBe('requires_action');
  expect(lines).toEqual([
    'connect',
    'runStepCreated message_creation',
    'messageCreated assistant',
    'textCreated',
    'textDelta a | a',
    'textDelta b | ab',
    'textDelta c | abc',
    'textDone abc',
    'messageDone completed',
    'runStepDone completed',
    'runStepCreated tool_calls',
    'toolCallCreated call_1',
    'toolCallDelta {"city":"Oslo"}',
    'toolCallDone {"city":"Oslo"}',
    'toolCallCreated call_2',
    'toolCallDelta {"city":"Rome"}',
    'toolCallDone {"city":"Rome"}',
    'run requires_action',
    'end',
  ]);

  const tool_outputs = callIds(waiting).map((tool_call_id) => ({ tool_call_id, output: 'snow' }));
  const resumed = runs.submitToolOutputsStream(waiting.id, { thread_id, tool_outputs });
  const resumedLines = recordEvents(resumed);
  const completed = await resumed.finalRun();
  expect(completed).toEqual(await runs.retrieve(waiting.id, { thread_id }));
  expect(resumedLines.filter((line) => !line.startsWith('textDelta'))).toEqual([
    'connect',
    'runStepDone completed',
    'runStepCreated message_creation',
    'messageCreated assistant',
    'textCreated',
    'textDone Snow.',
    'messageDone completed',
    'runStepDone completed',
    'run completed',
    'end',
  ]);
  const stored = await readMessages(harness, thread_id);
  expect([...(await stream.finalMessages()), ...(await resumed.finalMessages())]).toEqual(
    stored.slice(1),
  );
});

test('createAndRunStream emits thread.created first and ends with the run', async () => {
  const harness = await setupOverHttp();
  harness.upstream.respondWith({ output: [textMessage('Hello.')] });
  const { id: assistant_id } = await createAssistant(harness);
  const thread = { messages: [{ role: 'user' as const, content: 'Hi.' }] };
  const stream = harness.openai.beta.threads.createAndRunStream({ assistant_id, thread });
  const events = await collect(stream);
  expect(eventNames(events)).toEqual([
    'created',
    'run.created',
    'run.queued',
    'run.in_progress',
    ...messageEventNames,
    'run.completed',
  ]);
  const { run } = await assemble(events);
  expect(run).toEqual(await stream.finalRun());
  await expectStreamMatchesStored(harness, events);
});

test('streams all three operations with stream: true', async () => {
  const harness = await setupOverHttp();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {})] }, {}, {});
  const { threads } = harness.openai.beta;
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const first = await collect(await threads.runs.create(thread_id, { assistant_id, stream: true }));
  await expectStreamMatchesStored(harness, first);
  const { run } = await assemble(first);
  const tool_outputs = callIds(run).map((tool_call_id) => ({ tool_call_id, output: '' }));
  const second = await collect(
    await threads.runs.submitToolOutputs(run.id, { thread_id, tool_outputs, stream: true }),
  );
  await expectStreamMatchesStored(harness, second);
  const third = await collect(await threads.createAndRun({ assistant_id, stream: true }));
  await expectStreamMatchesStored(harness, third);
  expect([first, second, third].map((events) => eventNames(events).at(-1))).toEqual([
    'run.requires_action',
    'run.completed',
    'run.completed',
  ]);
});

test('sends text deltas while the model is still writing', async () => {
  const harness = await setupOverHttp();
  const gate = createGate();
  harness.upstream.respondWith({
    output: [textMessage('abc')],
    gate,
    before: 'response.output_text.done',
  });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const stream = harness.openai.beta.threads.runs.stream(thread_id, { assistant_id });
  let text = '';
  const allText = Promise.withResolvers<void>();
  stream.on('textDelta', ({ value }) => {
    text += value;
    if (text === 'abc') allText.resolve();
  });
  await allText.promise;
  expect(stream.currentRun()?.status).toBe('in_progress');
  gate.open();
  expect((await stream.finalRun()).status).toBe('completed');
});

test('completes a run whose stream the client aborted', async () => {
  const harness = await setupOverHttp();
  const gate = createGate();
  harness.upstream.respondWith({
    output: [textMessage('abc')],
    gate,
    before: 'response.output_text.done',
  });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const stream = harness.openai.beta.threads.runs.stream(thread_id, { assistant_id });
  const lines = recordEvents(stream);
  const run = Promise.withResolvers<string>();
  stream.on('event', ({ event, data }) => {
    if (event === 'thread.run.created') run.resolve(data.id);
    if (event === 'thread.message.delta') stream.abort();
  });
  await expect(stream.finalRun()).rejects.toThrow('Request was aborted.');
  expect(lines.slice(-2)).toEqual(['abort', 'end']);
  gate.open();
  const { status } = await harness.openai.beta.threads.runs.poll(await run.promise, { thread_id });
  expect(status).toBe('completed');
  expect((await readMessages(harness, thread_id)).map(textOf).at(-1)).toBe('abc');
});

test('ends the stream of a failed run and rejects that of a run that was not created', async () => {
  const harness = await setupOverHttp();
  harness.upstream.respondWith({ http: { status: 500, error: { message: 'No.' } } });
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const { runs } = harness.openai.beta.threads;
  const failed = await runs.stream(thread_id, { assistant_id }).finalRun();
  expect(failed).toMatchObject({ status: 'failed', last_error: { code: 'server_error' } });
  const rejected = runs.stream(thread_id, { assistant_id: 'asst_x' });
  await expect(rejected.finalRun()).rejects.toMatchObject({
    status: 404,
    message: "404 No assistant found with id 'asst_x'.",
  });
});
