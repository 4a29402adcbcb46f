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

const before = 'response.output_text.done';

/** An engine in the middle of a message, on a server of its own. */
async function midway() {
  // What is not on the disk when it crashes stays lost: nobody brings it there meanwhile.
  const cluster = await temporaryCluster(() => Promise.resolve(['wal_writer_delay=10s']));
  const gate = createGate();
  const harness = await setup({ database: cluster.url });
  harness.upstream.respondWith({ output: [textMessage('Snow.')], gate, before });
  harness.engine.start();
  const { run, thread_id } = await createRun(harness);
  await gate.reached;
  const readTexts = async () => (await readMessages(harness, thread_id)).map(textOf);
  const isOver = async () => (await readRun(harness, run)).status === 'completed';
  return { cluster, harness, gate, run, readTexts, isOver };
}

test('a run goes on when the server is restarted under it', async () => {
  const { cluster, harness, gate, readTexts, isOver } = await midway();
  await cluster.stop('fast');
  gate.open();
  await cluster.start();
  while (!(await isOver()));
  expect(await readTexts()).toEqual(['Weather in Oslo?', 'Snow.']);
  expect(harness.upstream.requests).toHaveLength(1);
});

test('requests wait for a server that is being restarted', async () => {
  const { cluster, gate, readTexts, isOver } = await midway();
  gate.open();
  while (!(await isOver()));
  await cluster.stop('fast');
  const asked = readTexts();
  await cluster.start();
  expect(await asked).toEqual(['Weather in Oslo?', 'Snow.']);
});

test('a run whose message was lost in a crash of the server says it again, once', async () => {
  const { cluster, harness, gate, readTexts, isOver } = await midway();
  harness.upstream.respondWith({ output: [textMessage('Snow again.')] });
  expect(await readTexts()).toHaveLength(2);
  await cluster.stop('immediate');
  await cluster.start();
  expect(await readTexts()).toHaveLength(1);
  gate.open();
  await harness.engine.idle();
  expect(harness.logLines.join('')).toContain('a step was lost in a crash of the database');
  expect(await isOver()).toBe(false);
  while (!(await isOver())) await harness.clock.advance(1000);
  expect(await readTexts()).toEqual(['Weather in Oslo?', 'Snow again.']);
});

test('runs of other processes are heard of again after a restart', async () => {
  const { cluster, harness, gate, isOver } = await midway();
  gate.open();
  while (!(await isOver()));
  await cluster.stop('fast');
  await cluster.start();
  const other = await setup({ database: cluster.url, ids: harness.ids, clock: harness.clock });
  harness.upstream.respondWith({});
  const { run } = await createRun(other);
  while ((await readRun(other, run)).status !== 'completed');
  expect(harness.upstream.requests).toHaveLength(2);
});
