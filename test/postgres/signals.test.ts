import { beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../support/clock.ts';
import { setup } from '../support/engine.ts';
import { needPostgres, temporarySchema } from '../support/postgres.ts';
import { createRun, readRun } from '../support/conversation.ts';
import { createGate } from '../support/upstream.ts';
import { collect, streamRun } from '../support/run-stream.ts';
import { textMessage } from '../support/upstream-items.ts';

beforeEach(needPostgres);

/** Two engines on one database. Their clocks stand still, so neither polls without a notification. */
async function setupPair() {
  const database = await temporarySchema();
  const one = await setup({ database });
  const other = await setup({ database, ids: one.ids });
  other.engine.start();
  await other.engine.tick();
  return { one, other };
}

describe('without polling', () => {
  test('a run is executed by another process that has a free slot', async () => {
    const { one, other } = await setupPair();
    other.upstream.respondWith({ output: [textMessage('Snow.')] });
    const { run } = await createRun(one);
    await waitUntil(async () => (await readRun(one, run)).status === 'completed');
    expect(other.upstream.requests).toHaveLength(1);
    expect(one.upstream.requests).toHaveLength(0);
  });

  test('a run that another process executes is cancelled', async () => {
    const { one, other } = await setupPair();
    const gate = createGate();
    other.upstream.respondWith({
      output: [textMessage('Snow and')],
      gate,
      before: 'response.output_text.done',
    });
    const { run } = await createRun(one);
    await gate.reached;
    const { thread_id } = run;
    expect((await one.openai.beta.threads.runs.cancel(run.id, { thread_id })).status).toBe(
      'cancelling',
    );
    await waitUntil(async () => (await readRun(one, run)).status === 'cancelled');
    expect(other.upstream.requests[0]?.signal?.aborted).toBe(true);
  });

  test('a run that another process executes and streams ends when its thread is deleted', async () => {
    const { one, other } = await setupPair();
    const gate = createGate();
    other.upstream.respondWith({ gate });
    const { stream, thread_id } = await streamRun(other);
    const outcome = collect(stream).catch((error: unknown) => error);
    await gate.reached;
    await one.openai.beta.threads.delete(thread_id);
    expect(await outcome).toMatchObject({
      message: 'The thread was deleted while its run was streamed.',
    });
    expect(other.upstream.requests[0]?.signal?.aborted).toBe(true);
  });
});
