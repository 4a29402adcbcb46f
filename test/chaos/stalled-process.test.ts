import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createRun, readMessages, textOf } from '../support/conversation.ts';
import { listen } from '../support/loopback-server.ts';
import { postgresServer, temporarySchema, withoutPostgres } from '../support/postgres.ts';
import { startEngine, waitForStatus } from '../support/started-engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { textMessage } from '../support/upstream-items.ts';
import { createGate, createUpstream } from '../support/upstream.ts';

/** Long enough for a thread of a busy machine to renew it in time. */
const leaseMs = 6000;
/** Runs that another process completes meanwhile; each takes a look at the stalled one's. */
const otherRuns = 6;

const databases = [
  { kind: 'sqlite', create: async () => temporary(), unavailable: null },
  {
    kind: 'postgres',
    create: temporarySchema,
    unavailable: postgresServer === null ? withoutPostgres : null,
  },
];

describe.each(databases)('on $kind', ({ create, unavailable }) => {
  test('a process whose main thread is blocked keeps its run', async (context) => {
    if (unavailable !== null) context.skip(unavailable);
    const database = await create();
    const gate = createGate();
    const upstream = createUpstream({ apiKey: null, defaultTurn: () => ({}) });
    upstream.respondWith({ output: [textMessage('From the first.')], gate });
    const baseURL = `${await listen((request) => upstream.fetch(request))}/v1`;
    const stallUntil = temporary('released');
    const stalled = await startEngine({ database, baseURL, leaseMs, stallUntil });
    const { run, thread_id } = await createRun(stalled);
    await gate.reached;
    await stalled.stall();
    const other = await startEngine({ database, baseURL, leaseMs });
    const leaseEnd = performance.now() + 1.5 * leaseMs;
    for (let count = 0; count < otherRuns || performance.now() < leaseEnd; count += 1) {
      await waitForStatus(other, (await createRun(other)).run, 'completed');
    }
    await waitForStatus(other, run, 'in_progress');
    const calls = upstream.requests.length;
    gate.open();
    writeFileSync(stallUntil, '');
    await waitForStatus(other, run, 'completed');
    expect((await readMessages(other, thread_id)).map(textOf)).toEqual([
      'Weather in Oslo?',
      'From the first.',
    ]);
    expect(upstream.requests).toHaveLength(calls);
  }, 120_000);
});
