import { expect, test } from 'vitest';
import { createClock } from '../../support/clock.ts';
import { temporary } from '../../support/temporary-files.ts';
import { setup, type HarnessOptions } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  apiErrorOf,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';

const created = 1_790_000_000;
const callTurn = { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] };

/** A second engine on the same database, whose clock is at the start: it expires nothing itself. */
async function openObserver(database: string, ids: HarnessOptions['ids']) {
  return setup({ database, clock: createClock(), ...(ids && { ids }) });
}

test('the worker expires a run that waits for outputs, without any request', async () => {
  const database = temporary();
  const harness = await setup({ database });
  harness.upstream.respondWith(callTurn);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  harness.engine.start();
  await harness.clock.advance(601_000);
  const other = await openObserver(database, harness.ids);
  const expired = await readRun(other, run);
  expect(expired).toMatchObject({
    status: 'expired',
    started_at: created,
    expires_at: null,
    completed_at: null,
    required_action: null,
    usage: { total_tokens: 15 },
  });
  const [step] = await readSteps(other, run);
  expect(step).toMatchObject({
    status: 'expired',
    expires_at: null,
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  });
  expect(step?.expired_at).toBeGreaterThanOrEqual(created + 600);
  expect(step?.expired_at).toBeLessThanOrEqual(created + 601);
  const tooLate = harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'late' }],
  });
  expect((await apiErrorOf(tooLate)).message).toBe(
    'Runs in status "expired" do not accept tool outputs.',
  );
});

test('the worker expires a run during its model call, without any request', async () => {
  const database = temporary();
  const harness = await setup({ database, runLifetime: 200 });
  const gate = createGate();
  harness.upstream.respondWith({
    output: [textMessage('Snow and')],
    gate,
    before: 'response.output_text.done',
  });
  const { run, thread_id } = await createRun(harness);
  harness.engine.start();
  await harness.clock.advance(1000);
  await gate.reached;
  await harness.clock.advance(200_000);
  await harness.engine.idle();
  expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
  const other = await openObserver(database, harness.ids);
  expect(await readRun(other, run)).toMatchObject({ status: 'expired', expires_at: null });
  const [, message] = await readMessages(other, thread_id);
  expect(message).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'run_expired' },
  });
  const [step] = await readSteps(other, run);
  expect(step).toMatchObject({ status: 'expired' });
});

test.each([
  'reading it',
  'listing runs',
  'adding a message',
  'creating a run',
  'listing its steps',
])('an overdue run expires on %s', async (request) => {
  const harness = await setup();
  harness.upstream.respondWith(callTurn);
  const { run, thread_id, assistant_id } = await createRun(harness);
  await harness.runToEnd();
  await harness.clock.advance(600_000);
  const { runs, messages } = harness.openai.beta.threads;
  const requests: Record<string, () => Promise<unknown>> = {
    'reading it': async () => expect((await readRun(harness, run)).status).toBe('expired'),
    'listing runs': async () => {
      const { data } = await runs.list(thread_id);
      expect(data[0]).toMatchObject({ status: 'expired', expires_at: null });
    },
    'adding a message': () => messages.create(thread_id, { role: 'user', content: 'Hello?' }),
    'creating a run': () => runs.create(thread_id, { assistant_id }),
    'listing its steps': async () => {
      const [step] = await readSteps(harness, run);
      expect(step?.status).toBe('expired');
    },
  };
  await requests[request]?.();
  expect((await readRun(harness, run)).status).toBe('expired');
});

test('an overdue run expires instead of accepting outputs', async () => {
  const harness = await setup();
  harness.upstream.respondWith(callTurn);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await harness.clock.advance(600_000);
  const tooLate = harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'late' }],
  });
  expect(await apiErrorOf(tooLate)).toMatchObject({
    status: 400,
    message: 'Runs in status "expired" do not accept tool outputs.',
  });
  expect((await readRun(harness, run)).status).toBe('expired');
});

test('an overdue run expires instead of being cancelled', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  await harness.clock.advance(600_000);
  const tooLate = harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  expect((await apiErrorOf(tooLate)).message).toBe("Cannot cancel run with status 'expired'.");
});

test('submitting outputs does not move the deadline', async () => {
  const harness = await setup();
  harness.upstream.respondWith(callTurn);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await harness.clock.advance(599_000);
  const resumed = await harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'just in time' }],
  });
  expect(resumed).toMatchObject({ status: 'queued', expires_at: created + 600 });
  await harness.clock.advance(1000);
  await harness.runToEnd();
  expect(harness.upstream.requests).toHaveLength(1);
  expect((await readRun(harness, run)).status).toBe('expired');
});

test('a run expires after the configured lifetime', async () => {
  const harness = await setup({ runLifetime: 3600 });
  const { run } = await createRun(harness);
  expect(run.expires_at).toBe(created + 3600);
  await harness.clock.advance(3_599_000);
  expect((await readRun(harness, run)).status).toBe('queued');
  await harness.clock.advance(1000);
  expect((await readRun(harness, run)).status).toBe('expired');
});
