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
const called = { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] };

/** A second engine on the same file whose clock stands at the start: it expires nothing itself. */
async function observer(database: string, ids: HarnessOptions['ids']) {
  return setup({ database, clock: createClock(), ...(ids && { ids }) });
}

test('a run expires while it waits for outputs, nobody asking', async () => {
  const database = temporary();
  const harness = await setup({ database });
  harness.upstream.respondWith(called);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  harness.engine.start();
  await harness.clock.advance(601_000);
  const other = await observer(database, harness.ids);
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
  const late = harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'late' }],
  });
  expect((await apiErrorOf(late)).message).toBe(
    'Runs in status "expired" do not accept tool outputs.',
  );
});

test('a run expires in the middle of a model call, nobody asking', async () => {
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
  const other = await observer(database, harness.ids);
  expect(await readRun(other, run)).toMatchObject({ status: 'expired', expires_at: null });
  const [, message] = await readMessages(other, thread_id);
  expect(message).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'run_expired' },
  });
  const [step] = await readSteps(other, run);
  expect(step).toMatchObject({ status: 'expired' });
});

test.each(['reading it', 'listing runs', 'adding a message', 'creating a run', 'its steps'])(
  'a run past its deadline is expired by %s',
  async (how) => {
    const harness = await setup();
    harness.upstream.respondWith(called);
    const { run, thread_id, assistant_id } = await createRun(harness);
    await harness.runToEnd();
    await harness.clock.advance(600_000);
    const { runs, messages } = harness.openai.beta.threads;
    const ways: Record<string, () => Promise<unknown>> = {
      'reading it': async () => expect((await readRun(harness, run)).status).toBe('expired'),
      'listing runs': async () => {
        const { data } = await runs.list(thread_id);
        expect(data[0]).toMatchObject({ status: 'expired', expires_at: null });
      },
      'adding a message': () => messages.create(thread_id, { role: 'user', content: 'Hello?' }),
      'creating a run': () => runs.create(thread_id, { assistant_id }),
      'its steps': async () => {
        const [step] = await readSteps(harness, run);
        expect(step?.status).toBe('expired');
      },
    };
    await ways[how]?.();
    expect((await readRun(harness, run)).status).toBe('expired');
  },
);

test('late outputs find the run expired', async () => {
  const harness = await setup();
  harness.upstream.respondWith(called);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await harness.clock.advance(600_000);
  const late = harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'late' }],
  });
  expect(await apiErrorOf(late)).toMatchObject({
    status: 400,
    message: 'Runs in status "expired" do not accept tool outputs.',
  });
  expect((await readRun(harness, run)).status).toBe('expired');
});

test('a late cancel finds the run expired', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  await harness.clock.advance(600_000);
  const late = harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  expect((await apiErrorOf(late)).message).toBe("Cannot cancel run with status 'expired'.");
});

test('submitting outputs does not move the deadline', async () => {
  const harness = await setup();
  harness.upstream.respondWith(called);
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await harness.clock.advance(599_000);
  const taken = await harness.openai.beta.threads.runs.submitToolOutputs(run.id, {
    thread_id,
    tool_outputs: [{ tool_call_id: 'call_1', output: 'just in time' }],
  });
  expect(taken).toMatchObject({ status: 'queued', expires_at: created + 600 });
  await harness.clock.advance(1000);
  await harness.runToEnd();
  expect(harness.upstream.requests).toHaveLength(1);
  expect((await readRun(harness, run)).status).toBe('expired');
});

test('the lifetime of a run is a setting', async () => {
  const harness = await setup({ runLifetime: 3600 });
  const { run } = await createRun(harness);
  expect(run.expires_at).toBe(created + 3600);
  await harness.clock.advance(3_599_000);
  expect((await readRun(harness, run)).status).toBe('queued');
  await harness.clock.advance(1000);
  expect((await readRun(harness, run)).status).toBe('expired');
});
