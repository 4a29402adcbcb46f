import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  apiErrorOf,
  textOf,
} from '../../support/conversation.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createGate } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

const created = 1_790_000_000;

const cancel = ({ openai }: Harness, run: { id: string; thread_id: string }) =>
  openai.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });

const noUsage = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

test('a queued run is cancelled without a model call', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  await harness.clock.advance(1000);
  expect(await cancel(harness, run)).toEqual({ ...run, status: 'cancelling' });
  await harness.clock.advance(1000);
  await harness.runToEnd();
  const cancelled = await readRun(harness, run);
  expect(cancelled).toMatchObject({
    status: 'cancelled',
    started_at: null,
    expires_at: null,
    usage: noUsage,
  });
  expect(cancelled.cancelled_at).toBeGreaterThanOrEqual(created + 1);
  expect(harness.upstream.requests).toEqual([]);
  const { messages } = harness.openai.beta.threads;
  expect(await messages.create(thread_id, { role: 'user', content: 'Never mind.' })).toBeDefined();
});

test('cancelling a run that waits for outputs cancels its step and unlocks the thread', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', { city: 'Oslo' })] }, {});
  const { run, thread_id, assistant_id } = await createRun(harness);
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  await harness.clock.advance(2000);
  expect(await cancel(harness, run)).toEqual({
    ...waiting,
    status: 'cancelling',
    required_action: null,
  });
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 2,
    started_at: created,
  });
  const [step] = await readSteps(harness, run);
  expect(step).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 2,
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  });
  const next = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  await harness.runToEnd();
  expect((await readRun(harness, next)).status).toBe('completed');
  expect(
    harness.upstream.sent().input.map((item) => Reflect.get(item, 'type') ?? 'message'),
  ).toEqual(['message']);
});

test('cancelling aborts the model call and saves the text so far', async () => {
  const harness = await setup();
  const gate = createGate();
  harness.upstream.respondWith({
    output: [textMessage('It is cold and there is a lot of snow.')],
    gate,
    before: 'response.output_text.done',
  });
  const { run, thread_id } = await createRun(harness);
  await harness.engine.tick();
  await gate.reached;
  await harness.clock.advance(3000);
  expect((await cancel(harness, run)).status).toBe('cancelling');
  await harness.engine.idle();
  await harness.runToEnd();
  expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
  expect(await readRun(harness, run)).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 3,
  });
  const [, message] = await readMessages(harness, thread_id);
  expect(message).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'run_cancelled' },
    incomplete_at: created + 3,
  });
  expect(message && textOf(message)).toBe('It is cold and there is a lot of snow.');
  const [step] = await readSteps(harness, run);
  expect(step).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 3,
    completed_at: null,
  });
});

test('a second cancel is rejected with the current status', async () => {
  const harness = await setup();
  const { run } = await createRun(harness);
  await cancel(harness, run);
  const { status, message } = await apiErrorOf(cancel(harness, run));
  expect([status, message]).toEqual([400, "Cannot cancel run with status 'cancelling'."]);
  await harness.runToEnd();
  expect((await apiErrorOf(cancel(harness, run))).message).toBe(
    "Cannot cancel run with status 'cancelled'.",
  );
});

test('a completed run cannot be cancelled', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect((await apiErrorOf(cancel(harness, run))).message).toBe(
    "Cannot cancel run with status 'completed'.",
  );
});

test('a cancelling run still locks its thread and rejects outputs', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')],
  });
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await cancel(harness, run);
  const { messages, runs } = harness.openai.beta.threads;
  const added = messages.create(thread_id, { role: 'user', content: 'Hello?' });
  expect((await apiErrorOf(added)).message).toBe(
    `Can't add messages to ${thread_id} while a run ${run.id} is active.`,
  );
  const tool_outputs = [{ tool_call_id: 'call_1', output: 'late' }];
  const submitted = runs.submitToolOutputs(run.id, { thread_id, tool_outputs });
  expect((await apiErrorOf(submitted)).message).toBe(
    'Runs in status "cancelling" do not accept tool outputs.',
  );
});

test('a model call that ends with functions after the run was cancelled counts its tokens once', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const other = await setup({ database, ids: harness.ids, clock: harness.clock });
  const gate = createGate();
  harness.upstream.respondWith({ gate, output: [functionCall('get_weather', {}, 'call_1')] });
  const { run } = await createRun(harness);
  await harness.engine.tick();
  await gate.reached;
  await cancel(other, run);
  gate.open();
  await harness.engine.idle();
  const ended = await readRun(harness, run);
  expect(ended).toMatchObject({ status: 'cancelled', usage: { total_tokens: 15 } });
  expect(await readSteps(harness, run)).toMatchObject([
    { status: 'cancelled', usage: ended.usage, step_details: { tool_calls: [{ id: 'call_1' }] } },
  ]);
});
