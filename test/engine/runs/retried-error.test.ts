import { describe, expect, test } from 'vitest';
import { createRun, readRun } from '../../support/conversation.ts';
import { createClock, waitUntil } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { textMessage } from '../../support/upstream-items.ts';

/** An error that the SDK does not retry itself, since `retry-after` exceeds its limit. */
const rejection: Turn = {
  http: { status: 503, error: { message: 'Not now.' }, headers: { 'retry-after': '90' } },
};

/** A run whose first model call fails, and that waits before the second. */
async function startRetry(first: Turn, second: Turn) {
  const harness = await setup();
  harness.upstream.respondWith(first, second);
  const { run } = await createRun(harness);
  await harness.engine.tick();
  const read = async () => Object(await readRun(harness, run));
  await waitUntil(async () => 'retried_error' in (await read()));
  return { harness, run, read };
}

describe('the error that is retried', () => {
  test('is on the run until the model answers', async () => {
    const gate = createGate();
    const before = 'response.output_text.done';
    const answer = { output: [textMessage('Hello.')], gate, before } as const;
    const { harness, read } = await startRetry(rejection, answer);
    const shown = { code: 'server_error', message: expect.stringContaining('Not now.') };
    expect(await read()).toMatchObject({
      status: 'in_progress',
      last_error: null,
      retried_error: shown,
    });
    await harness.clock.advance(91_000);
    await gate.reached;
    expect(await read()).toMatchObject({ status: 'in_progress' });
    expect(await read()).not.toHaveProperty('retried_error');
    gate.open();
    await harness.engine.idle();
    expect(await read()).toMatchObject({ status: 'completed', last_error: null });
    expect(await read()).not.toHaveProperty('retried_error');
  });

  test('is not on a run that was cancelled meanwhile', async () => {
    const { harness, run, read } = await startRetry(rejection, {});
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
    await harness.engine.idle();
    expect(await read()).toMatchObject({ status: 'cancelled' });
    expect(await read()).not.toHaveProperty('retried_error');
  });

  test('is visible in another process, which takes the run over without it', async () => {
    const database = temporary();
    const one = await setup({ database });
    const other = await setup({ database, ids: one.ids, clock: createClock() });
    one.upstream.respondWith(rejection);
    const { run } = await createRun(one);
    await one.engine.tick();
    const read = async () => Object(await readRun(other, run));
    await waitUntil(async () => 'retried_error' in (await read()));
    const gate = createGate();
    other.upstream.respondWith({ gate });
    await other.clock.advance(120_000);
    await other.engine.tick();
    await gate.reached;
    expect(await read()).not.toHaveProperty('retried_error');
    gate.open();
    await other.engine.idle();
    expect(await read()).toMatchObject({ status: 'completed' });
  });
});
