import { beforeEach, expect, test } from 'vitest';
import { clusterUnavailable } from '../support/cluster.ts';
import { setup } from '../support/engine.ts';
import { temporaryCluster } from '../support/postgres.ts';
import { createRun, readMessages, readRun, textOf } from '../support/conversation.ts';
import { createGate } from '../support/upstream.ts';
import { textMessage } from '../support/upstream-items.ts';

beforeEach(({ skip }) => {
  if (clusterUnavailable !== null) skip(clusterUnavailable);
});

/** Real time in which a run must end. */
const timeout = 15_000;

/** An engine on its own PostgreSQL server, in the middle of a run's message. */
async function startRun() {
  // A long delay keeps the server from flushing asynchronous commits, so that a crash loses them.
  const cluster = await temporaryCluster(() => Promise.resolve(['wal_writer_delay=10s']));
  const gate = createGate();
  const harness = await setup({ database: cluster.url });
  harness.upstream.respondWith({
    output: [textMessage('Snow.')],
    gate,
    before: 'response.output_text.done',
  });
  harness.engine.start();
  const { run, thread_id } = await createRun(harness);
  await gate.reached;
  const readTexts = async () => (await readMessages(harness, thread_id)).map(textOf);
  const readStatus = async () => (await readRun(harness, run)).status;
  return { cluster, harness, gate, readTexts, readStatus };
}

test('a run completes although the server is restarted during the run', async () => {
  const { cluster, harness, gate, readTexts, readStatus } = await startRun();
  await cluster.stop('fast');
  gate.open();
  await cluster.start();
  await expect.poll(readStatus, { timeout }).toBe('completed');
  expect(await readTexts()).toEqual(['Weather in Oslo?', 'Snow.']);
  expect(harness.upstream.requests).toHaveLength(1);
});

test('a request waits until the server has restarted', async () => {
  const { cluster, gate, readTexts, readStatus } = await startRun();
  gate.open();
  await expect.poll(readStatus, { timeout }).toBe('completed');
  await cluster.stop('fast');
  const texts = readTexts();
  await cluster.start();
  expect(await texts).toEqual(['Weather in Oslo?', 'Snow.']);
});

test('a run whose message is lost in a crash of the server repeats it once', async () => {
  const { cluster, harness, gate, readTexts, readStatus } = await startRun();
  harness.upstream.respondWith({ output: [textMessage('Snow again.')] });
  expect(await readTexts()).toHaveLength(2);
  await cluster.stop('immediate');
  await cluster.start();
  expect(await readTexts()).toHaveLength(1);
  gate.open();
  await harness.engine.idle();
  expect(harness.logLines.join('')).toContain('a step was lost in a crash of the database');
  expect(await readStatus()).not.toBe('completed');
  const advanceAndRead = async () => {
    await harness.clock.advance(1000);
    return readStatus();
  };
  await expect.poll(advanceAndRead, { timeout }).toBe('completed');
  expect(await readTexts()).toEqual(['Weather in Oslo?', 'Snow again.']);
});

test('a process executes runs that another process queues after a restart of the server', async () => {
  const { cluster, harness, gate, readStatus } = await startRun();
  gate.open();
  await expect.poll(readStatus, { timeout }).toBe('completed');
  await cluster.stop('fast');
  await cluster.start();
  const other = await setup({ database: cluster.url, ids: harness.ids, clock: harness.clock });
  harness.upstream.respondWith({});
  const { run } = await createRun(other);
  await expect.poll(async () => (await readRun(other, run)).status, { timeout }).toBe('completed');
  expect(harness.upstream.requests).toHaveLength(2);
});
