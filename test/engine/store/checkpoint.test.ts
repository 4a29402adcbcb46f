import { copyFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { checkpointWhenIdle, idleMs } from '../../../src/engine/store/sqlite/checkpoint.ts';
import { insertThread } from '../../../src/engine/store/threads.ts';
import { createClock } from '../../support/clock.ts';
import { createThread } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';

/** The number of threads in a copy of the database file without the files beside it. */
function threadsInCopy(file: string): number {
  const copy = join(dirname(temporary()), 'copy.db');
  copyFileSync(file, copy);
  const database = new DatabaseSync(copy);
  try {
    const tables = database.prepare("select 1 from sqlite_master where name = 'threads'").all();
    if (tables.length === 0) return 0;
    return Number(database.prepare('select count(*) as count from threads').get()?.['count']);
  } finally {
    database.close();
  }
}

const logSize = (file: string) => statSync(`${file}-wal`).size;

/** An engine whose worker runs. */
async function start(database: string, options: Parameters<typeof setup>[0] = {}) {
  const harness = await setup({ ...options, database });
  harness.engine.start();
  return harness;
}

describe('a copy of the database file alone', () => {
  test('is complete when nobody has written for a while', async () => {
    const database = temporary();
    const harness = await start(database);
    await createThread(harness);
    expect(threadsInCopy(database)).toBe(0);
    await harness.clock.advance(2 * idleMs);
    expect(threadsInCopy(database)).toBe(1);
    expect(logSize(database)).toBe(0);
  });

  test('is complete when a process stops while another one has the database open', async () => {
    const database = temporary();
    const other = await setup({ database });
    const harness = await setup({ database, ids: other.ids });
    await createThread(harness);
    await harness.engine.stop(0);
    expect(threadsInCopy(database)).toBe(1);
    await createThread(other);
    expect((await other.request('GET', '/threads/thread_nowhere')).status).toBe(404);
  });

  test('is completed for what another process wrote', async () => {
    const database = temporary();
    const harness = await start(database);
    await createThread(await setup({ database, ids: harness.ids }));
    await harness.clock.advance(2 * idleMs);
    expect(threadsInCopy(database)).toBe(1);
  });
});

test('the log is left alone while someone keeps writing', async () => {
  const database = temporary();
  const harness = await start(database);
  for (let count = 0; count < 10; count += 1) {
    await createThread(harness);
    await harness.clock.advance(idleMs - 1);
    expect(logSize(database)).toBeGreaterThan(0);
  }
});

test.each(['begin', 'begin immediate'])(
  'another connection after %s is not waited for; the log is moved once it is done',
  async (begin) => {
    const database = temporary();
    const clock = createClock();
    const db = await openDatabase(database);
    const stopping = new AbortController();
    const stopped = checkpointWhenIdle(db, clock, stopping.signal);
    await insertThread(db, 'thread_1', 1, { metadata: {}, tool_resources: {} });
    const other = new DatabaseSync(database);
    other.exec(begin);
    const count = other.prepare('select count(*) as count from threads');
    expect({ ...count.get() }).toEqual({ count: 1 });
    await clock.advance(4 * idleMs);
    expect(logSize(database)).toBeGreaterThan(0);
    expect({ ...count.get() }).toEqual({ count: 1 });
    other.exec('commit');
    await clock.advance(2 * idleMs);
    expect(logSize(database)).toBe(0);
    stopping.abort();
    await stopped;
    other.close();
    await db.destroy();
  },
);

test('a database in memory is not checkpointed', async () => {
  const harness = await setup();
  harness.engine.start();
  await createThread(harness);
  await harness.clock.advance(3 * idleMs);
  expect((await harness.request('GET', '/assistants')).status).toBe(200);
});
