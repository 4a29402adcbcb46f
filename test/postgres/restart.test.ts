import { beforeEach, expect, test } from 'vitest';
import { whyNoCluster } from '../support/cluster.ts';
import { setup } from '../support/engine.ts';
import { temporaryCluster } from '../support/postgres.ts';
import { createRun, readMessages, readRun, textOf } from '../support/conversation.ts';
import { createGate } from '../support/upstream.ts';
import { says } from '../support/upstream-items.ts';

beforeEach(({ skip }) => {
  if (whyNoCluster !== null) skip(whyNoCluster);
});

const before = 'response.output_text.done';

/** An engine in the middle of a message, on a server of its own. */
async function midway() {
  // What is not on the disk when it crashes stays lost: nobody brings it there meanwhile.
  const cluster = await temporaryCluster(() => Promise.resolve(['wal_writer_delay=10s']));
  const gate = createGate();
  const it = await setup({ database: cluster.url });
  it.upstream.will({ output: [says('Snow.')], gate, before });
  it.engine.start();
  const { run, thread_id } = await createRun(it);
  await gate.reached;
  const said = async () => (await readMessages(it, thread_id)).map(textOf);
  const isOver = async () => (await readRun(it, run)).status === 'completed';
  return { cluster, it, gate, run, said, isOver };
}

test('a run goes on when the server is restarted under it', async () => {
  const { cluster, it, gate, said, isOver } = await midway();
  await cluster.stop('fast');
  gate.open();
  await cluster.start();
  while (!(await isOver()));
  expect(await said()).toEqual(['Weather in Oslo?', 'Snow.']);
  expect(it.upstream.requests).toHaveLength(1);
});

test('requests wait for a server that is being restarted', async () => {
  const { cluster, gate, said, isOver } = await midway();
  gate.open();
  while (!(await isOver()));
  await cluster.stop('fast');
  const asked = said();
  await cluster.start();
  expect(await asked).toEqual(['Weather in Oslo?', 'Snow.']);
});

test('a run whose message was lost in a crash of the server says it again, once', async () => {
  const { cluster, it, gate, said, isOver } = await midway();
  it.upstream.will({ output: [says('Snow again.')] });
  expect(await said()).toHaveLength(2);
  await cluster.stop('immediate');
  await cluster.start();
  expect(await said()).toHaveLength(1);
  gate.open();
  await it.engine.idle();
  expect(it.lines.join('')).toContain('a step was lost in a crash of the database');
  expect(await isOver()).toBe(false);
  while (!(await isOver())) await it.clock.advance(1000);
  expect(await said()).toEqual(['Weather in Oslo?', 'Snow again.']);
});

test('runs of other processes are heard of again after a restart', async () => {
  const { cluster, it, gate, isOver } = await midway();
  gate.open();
  while (!(await isOver()));
  await cluster.stop('fast');
  await cluster.start();
  const other = await setup({ database: cluster.url, ids: it.ids, clock: it.clock });
  it.upstream.will({});
  const { run } = await createRun(other);
  while ((await readRun(other, run)).status !== 'completed');
  expect(it.upstream.requests).toHaveLength(2);
});
