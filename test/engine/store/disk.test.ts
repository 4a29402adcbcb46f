import fs from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { syncToDisk, WriteAheadLog } from '../../../src/engine/store/durability.ts';
import { unavailableReason } from '../../../src/engine/store/errors.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import { findThread, insertThread } from '../../../src/engine/store/threads.ts';
import { transact } from '../../../src/engine/store/transaction.ts';
import { eventLoopTurn } from '../../support/clock.ts';
import { temporary } from '../../support/temporary-files.ts';

const use = (fdatasync: unknown): void => {
  Reflect.set(fs, 'fdatasync', fdatasync);
  syncBuiltinESMExports();
};

/** Counts how often Node is asked to bring a file to the disk. */
function watchDisk() {
  const { fdatasync } = fs;
  const seen = { times: 0, broken: false };
  const watched = (file: number, done: fs.NoParamCallback): void => {
    seen.times += 1;
    if (!seen.broken) return fdatasync(file, done);
    done(Object.assign(new Error('input/output error'), { code: 'EIO' }));
  };
  use(watched);
  onTestFinished(() => use(fdatasync));
  return seen;
}

async function openWatched(file = temporary()) {
  const db = await openDatabase(file);
  onTestFinished(() => db.destroy());
  const seen = watchDisk();
  return { db, seen };
}

const body = { metadata: {}, tool_resources: {} };
const add = (id: string) => (db: Database) => insertThread(db, id, 1, body);

describe('a commit', () => {
  test('is on the disk before it is answered', async () => {
    const { db, seen } = await openWatched();
    await transact(db, add('thread_1'));
    expect(seen.times).toBe(1);
  });

  test('outside of a transaction is so as well, and reading waits for nothing', async () => {
    const { db, seen } = await openWatched();
    await insertThread(db, 'thread_1', 1, body);
    expect(seen.times).toBe(1);
    expect(await findThread(db, 'thread_1')).toMatchObject({ id: 'thread_1' });
    expect(seen.times).toBe(1);
  });

  test('of a draft is not waited for', async () => {
    const { db, seen } = await openWatched();
    await transact(db, add('thread_1'), { asyncCommit: true });
    expect(seen.times).toBe(0);
  });

  test('is told of before the disk has it', async () => {
    const { db, seen } = await openWatched();
    const told: number[] = [];
    await transact(db, add('thread_1'), { onCommit: () => told.push(seen.times) });
    expect(told).toEqual([0]);
    expect(seen.times).toBe(1);
  });

  test('that the disk does not take is the outage that it is', async () => {
    const { db, seen } = await openWatched();
    seen.broken = true;
    const error: unknown = await transact(db, add('thread_1')).catch((reason: unknown) => reason);
    expect(unavailableReason(error)).toBe('its disk fails');
    seen.broken = false;
    await transact(db, add('thread_2'));
    expect(await findThread(db, 'thread_2')).toMatchObject({ id: 'thread_2' });
  });

  test('in memory has no disk to wait for', async () => {
    const { db, seen } = await openWatched(':memory:');
    await transact(db, add('thread_1'));
    await syncToDisk(db);
    expect(seen.times).toBe(0);
  });

  test('is waited for where a link to the file leads', async () => {
    const file = temporary();
    const link = join(dirname(temporary()), 'link.db');
    await writeFile(file, '');
    await symlink(file, link);
    const { db, seen } = await openWatched(link);
    await transact(db, add('thread_1'));
    expect(seen.times).toBe(1);
  });

  test('leaves SQLite itself nothing to wait for', async () => {
    const { db } = await openWatched();
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
    expect(rows).toEqual([{ synchronous: 1 }]);
  });
});

test('those who wait at once share what is written, and nobody is told too early', async () => {
  const file = temporary();
  await writeFile(file, 'log');
  const seen = watchDisk();
  const log = new WriteAheadLog(file);
  const first = log.sync();
  // By now the first is being written; what is committed from here on needs another.
  await eventLoopTurn(1);
  await Promise.all([first, log.sync(), log.sync(), log.sync()]);
  expect(seen.times).toBe(2);
  await log.sync();
  expect(seen.times).toBe(3);
  await log.close();
});

test('a log that is not there yet is found later', async () => {
  const file = temporary();
  const log = new WriteAheadLog(file);
  await expect(log.sync()).rejects.toThrow('ENOENT');
  await writeFile(file, 'log');
  await log.sync();
  await log.close();
});
