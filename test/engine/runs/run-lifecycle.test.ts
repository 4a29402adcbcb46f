import { expect, test } from 'vitest';
import { type Answer, setup } from '../../support/engine.ts';
import {
  callIds,
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { functionCall, refusalMessage, textMessage } from '../../support/upstream-items.ts';

const created = 1_790_000_000;

test('a run with a function call goes through the statuses of the contract', async () => {
  const harness = await setup();
  const [first, second] = [createGate(), createGate()];
  harness.upstream.respondWith(
    {
      output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')],
      usage: [90, 15],
      gate: first,
    },
    { output: [textMessage('-3C with snow.')], usage: [120, 16], gate: second },
  );
  const { run: queued } = await createRun(harness);

  await harness.clock.advance(1000);
  await harness.engine.tick();
  await first.reached;
  const started = { ...queued, status: 'in_progress', started_at: created + 1 };
  expect(await readRun(harness, queued)).toEqual(started);

  await harness.clock.advance(1000);
  first.open();
  await harness.engine.idle();
  const waiting = await readRun(harness, queued);
  expect(waiting).toEqual({
    ...started,
    status: 'requires_action',
    required_action: {
      type: 'submit_tool_outputs',
      submit_tool_outputs: {
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
          },
        ],
      },
    },
  });

  await harness.clock.advance(6000);
  const resumed = { ...started, status: 'queued' };
  expect(await submitOutputs(harness, waiting)).toEqual(resumed);

  await harness.clock.advance(1000);
  await harness.engine.tick();
  await second.reached;
  const restarted = { ...queued, status: 'in_progress', started_at: created + 9 };
  expect(await readRun(harness, queued)).toEqual(restarted);

  await harness.clock.advance(2000);
  second.open();
  await harness.engine.idle();
  expect(await readRun(harness, queued)).toEqual({
    ...restarted,
    status: 'completed',
    completed_at: created + 11,
    expires_at: null,
    usage: {
      prompt_tokens: 210,
      completion_tokens: 31,
      total_tokens: 241,
      prompt_token_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  });
});

test('a message and its step are created and completed together', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({
    output: [textMessage('Snow, all day.')],
    gate,
    before: 'response.output_text.done',
  });
  const { run, thread_id, assistant_id } = await createRun(harness);
  await harness.clock.advance(1000);
  await harness.engine.tick();
  await gate.reached;
  const [open] = await readSteps(harness, run);
  expect(open).toMatchObject({
    status: 'in_progress',
    type: 'message_creation',
    created_at: created + 1,
    expires_at: created + 600,
    usage: null,
    run_id: run.id,
    thread_id,
    assistant_id,
  });
  const [, openMessage] = await readMessages(harness, thread_id);
  expect(openMessage).toMatchObject({ status: 'in_progress', completed_at: null, run_id: run.id });

  await harness.clock.advance(2000);
  gate.open();
  await harness.engine.idle();
  const [step] = await readSteps(harness, run);
  const [, message] = await readMessages(harness, thread_id);
  expect(step).toMatchObject({ status: 'completed', completed_at: created + 3, expires_at: null });
  expect(step?.step_details).toEqual({
    type: 'message_creation',
    message_creation: { message_id: message?.id },
  });
  expect(message).toMatchObject({
    id: openMessage?.id,
    role: 'assistant',
    status: 'completed',
    created_at: step?.created_at,
    completed_at: created + 3,
    assistant_id,
    content: [{ type: 'text', text: { value: 'Snow, all day.', annotations: [] } }],
  });
});

test('two messages of one turn have two steps, in order', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [textMessage('Let me see.'), textMessage('Snow.')],
    usage: [20, 8],
  });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const messages = await readMessages(harness, thread_id);
  expect(messages.slice(1).map(textOf)).toEqual(['Let me see.', 'Snow.']);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ type }) => type)).toEqual(['message_creation', 'message_creation']);
  expect(steps.map(({ usage }) => usage?.total_tokens)).toEqual([0, 28]);
});

test('steps are listed newest first', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [textMessage('One moment.'), functionCall('get_weather', { city: 'Oslo' })],
  });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const { steps } = harness.openai.beta.threads.runs;
  const { data } = await steps.list(run.id, { thread_id });
  expect(data.map(({ type }) => type)).toEqual(['tool_calls', 'message_creation']);
  const [last] = data;
  expect(await steps.retrieve(last?.id ?? '', { thread_id, run_id: run.id })).toEqual(last);
});

test('a refusal becomes a message', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [refusalMessage('I cannot help with that.')] });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  const [, message] = await readMessages(harness, thread_id);
  expect(message?.content).toEqual([{ type: 'refusal', refusal: 'I cannot help with that.' }]);
  expect((await readRun(harness, run)).status).toBe('completed');
});

test('a message without content is not saved', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [{ ...textMessage(''), content: [] }] });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'completed',
    usage: { total_tokens: 15 },
  });
  expect(await readMessages(harness, thread_id)).toHaveLength(1);
});

test('a terminal run can be updated, an active run cannot', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run, thread_id } = await createRun(harness, { metadata: { a: '1' } });
  const params = { thread_id, metadata: { b: '2' } };
  const { runs } = harness.openai.beta.threads;
  await expect(runs.update(run.id, params)).rejects.toMatchObject({
    status: 400,
    message: "400 Cannot update run with status 'queued'.",
  });
  await harness.runToEnd();
  const before = await readRun(harness, run);
  expect(await runs.update(run.id, params)).toEqual({ ...before, metadata: { b: '2' } });
});

const pollAfterMs = ({ headers }: Answer) => headers.get('openai-poll-after-ms');

test('openai-poll-after-ms is short while a run progresses and long while it waits', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {}, 'call_1')] }, {});
  const { id: assistant_id } = await createAssistant(harness);
  const { id: thread_id } = await createThread(harness);
  const runs = `/threads/${thread_id}/runs`;
  const response = await harness.request('POST', runs, { assistant_id });
  expect(pollAfterMs(response)).toBe('20');
  const path = `${runs}/${response.body.id}`;
  expect(pollAfterMs(await harness.request('GET', path))).toBe('20');
  await harness.runToEnd();
  expect(pollAfterMs(await harness.request('GET', path))).toBe('1000');
  await harness.clock.advance(60_000);
  const tool_outputs = [{ tool_call_id: 'call_1', output: '' }];
  expect(
    pollAfterMs(await harness.request('POST', `${path}/submit_tool_outputs`, { tool_outputs })),
  ).toBe('50');
  expect(pollAfterMs(await harness.request('POST', `${path}/cancel`))).toBe('50');
});

test('a thread can have one run after another', async () => {
  const harness = await setup({
    defaultTurn: ({ input }) => ({ output: [textMessage(`${input.length}`)] }),
  });
  const { run, thread_id, assistant_id } = await createRun(harness);
  await harness.runToEnd();
  const { runs, messages } = harness.openai.beta.threads;
  await messages.create(thread_id, { role: 'user', content: 'And now?' });
  const next = await runs.create(thread_id, { assistant_id });
  await harness.runToEnd();
  expect((await readRun(harness, next)).status).toBe('completed');
  const texts = (await readMessages(harness, thread_id)).map(textOf);
  expect(texts).toEqual(['Weather in Oslo?', '1', 'And now?', '3']);
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(callIds(next)).toEqual([]);
});
