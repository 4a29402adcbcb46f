import { expect, test } from 'vitest';
import { setup, type Setup } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  refusal,
  textOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { calls, says } from '../../support/upstream-items.ts';

const created = 1_790_000_000;

const cancel = ({ openai }: Setup, run: { id: string; thread_id: string }) =>
  openai.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });

const zeros = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

test('a queued run is cancelled without a model call', async () => {
  const it = await setup();
  const { run, thread_id } = await createRun(it);
  await it.clock.advance(1000);
  expect(await cancel(it, run)).toEqual({ ...run, status: 'cancelling' });
  await it.clock.advance(1000);
  await it.runToEnd();
  const cancelled = await readRun(it, run);
  expect(cancelled).toMatchObject({
    status: 'cancelled',
    started_at: null,
    expires_at: null,
    usage: zeros,
  });
  expect(cancelled.cancelled_at).toBeGreaterThanOrEqual(created + 1);
  expect(it.upstream.requests).toEqual([]);
  const { messages } = it.openai.beta.threads;
  expect(await messages.create(thread_id, { role: 'user', content: 'Never mind.' })).toBeDefined();
});

test('a run waiting for outputs is cancelled with its step, and the thread is free', async () => {
  const it = await setup();
  it.upstream.will({ output: [calls('get_weather', { city: 'Oslo' })] }, {});
  const { run, thread_id, assistant_id } = await createRun(it);
  await it.runToEnd();
  const waiting = await readRun(it, run);
  await it.clock.advance(2000);
  expect(await cancel(it, run)).toEqual({
    ...waiting,
    status: 'cancelling',
    required_action: null,
  });
  await it.runToEnd();
  expect(await readRun(it, run)).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 2,
    started_at: created,
  });
  const [step] = await readSteps(it, run);
  expect(step).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 2,
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  });
  const next = await it.openai.beta.threads.runs.create(thread_id, { assistant_id });
  await it.runToEnd();
  expect((await readRun(it, next)).status).toBe('completed');
  expect(it.upstream.sent().input.map((item) => Reflect.get(item, 'type') ?? 'message')).toEqual([
    'message',
  ]);
});

test('cancelling stops the model call and keeps the text that came', async () => {
  const it = await setup();
  const gate = createGate();
  it.upstream.will({
    output: [says('It is cold and there is a lot of snow.')],
    gate,
    before: 'response.output_text.done',
  });
  const { run, thread_id } = await createRun(it);
  await it.engine.tick();
  await gate.reached;
  await it.clock.advance(3000);
  expect((await cancel(it, run)).status).toBe('cancelling');
  await it.engine.idle();
  await it.runToEnd();
  expect(it.upstream.requests[0]?.signal?.aborted).toBe(true);
  expect(await readRun(it, run)).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 3,
  });
  const [, message] = await readMessages(it, thread_id);
  expect(message).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'run_cancelled' },
    incomplete_at: created + 3,
  });
  expect(message && textOf(message)).toBe('It is cold and there is a lot of snow.');
  const [step] = await readSteps(it, run);
  expect(step).toMatchObject({
    status: 'cancelled',
    cancelled_at: created + 3,
    completed_at: null,
  });
});

test('a second cancel is refused with the status of the moment', async () => {
  const it = await setup();
  const { run } = await createRun(it);
  await cancel(it, run);
  const { status, message } = await refusal(cancel(it, run));
  expect([status, message]).toEqual([400, "Cannot cancel run with status 'cancelling'."]);
  await it.runToEnd();
  expect((await refusal(cancel(it, run))).message).toBe(
    "Cannot cancel run with status 'cancelled'.",
  );
});

test('a run at its end cannot be cancelled', async () => {
  const it = await setup();
  it.upstream.will({});
  const { run } = await createRun(it);
  await it.runToEnd();
  expect((await refusal(cancel(it, run))).message).toBe(
    "Cannot cancel run with status 'completed'.",
  );
});

test('a cancelling run still holds its thread and takes no outputs', async () => {
  const it = await setup();
  it.upstream.will({ output: [calls('get_weather', { city: 'Oslo' }, 'call_1')] });
  const { run, thread_id } = await createRun(it);
  await it.runToEnd();
  await cancel(it, run);
  const { messages, runs } = it.openai.beta.threads;
  const added = messages.create(thread_id, { role: 'user', content: 'Hello?' });
  expect((await refusal(added)).message).toBe(
    `Can't add messages to ${thread_id} while a run ${run.id} is active.`,
  );
  const tool_outputs = [{ tool_call_id: 'call_1', output: 'late' }];
  const submitted = runs.submitToolOutputs(run.id, { thread_id, tool_outputs });
  expect((await refusal(submitted)).message).toBe(
    'Runs in status "cancelling" do not accept tool outputs.',
  );
});
