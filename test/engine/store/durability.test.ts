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

const replaceFdatasync = (fdatasync: unknown): void => {
  Reflect.set(fs, 'fdatasync', fdatasync);
  syncBuiltinESMExports();
};

/** Counts the calls of `fdatasync`, which fails while `isBroken`. */
function watchDisk() {
  const { fdatasync } = fs;
  const disk = { syncs: 0, isBroken: false };
  const watched = (file: number, done: fs.NoParamCallback): void => {
    disk.syncs += 1;
    if (!disk.isBroken) return fdatasync(file, done);
    done(Object.assign(new Error('input/output error'), { code: 'EIO' }));
  };
  replaceFdatasync(watched);
  onTestFinished(() => replaceFdatasync(fdatasync));
  return disk;
}

async function openWatched(file = temporary()) {
  const db = await openDatabase(file);
  onTestFinished(() => db.destroy());
  const disk = watchDisk();
  return { db, disk };
}

const body = { metadata: {}, tool_resources: {} };
const add = (id: string) => (db: Database) => insertThread(db, id, 1, body);

describe('a transaction', () => {
  test('resolves after one fsync', async () => {
    const { db, disk } = await openWatched();
    await transact(db, add('thread_1'));
    expect(disk.syncs).toBe(1);
  });

  test('of a single statement resolves after an fsync, and reading needs none', async () => {
    const { db, disk } = await openWatched();
    await insertThread(db, 'thread_1', 1, body);
    expect(disk.syncs).toBe(1);
    expect(await findThread(db, 'thread_1')).toMatchObject({ id: 'thread_1' });
    expect(disk.syncs).toBe(1);
  });

  test('with asyncCommit resolves without an fsync', async () => {
    const { db, disk } = await openWatched();
    await transact(db, add('thread_1'), { asyncCommit: true });
    expect(disk.syncs).toBe(0);
  });

  test('calls onCommit before the fsync', async () => {
    const { db, disk } = await openWatched();
    const syncsAtCommit: number[] = [];
    await transact(db, add('thread_1'), { onCommit: () => syncsAtCommit.push(disk.syncs) });
    expect(syncsAtCommit).toEqual([0]);
    expect(disk.syncs).toBe(1);
  });

  test('rejects with the reason if the fsync fails, and the next one succeeds', async () => {
    const { db, disk } = await openWatched();
    disk.isBroken = true;
    const error: unknown = await transact(db, add('thread_1')).catch((reason: unknown) => reason);
    expect(unavailableReason(error)).toBe('its disk fails');
    disk.isBroken = false;
    await transact(db, add('thread_2'));
    expect(await findThread(db, 'thread_2')).toMatchObject({ id: 'thread_2' });
  });

  test('in memory needs no fsync', async () => {
    const { db, disk } = await openWatched(':memory:');
    await transact(db, add('thread_1'));
    await syncToDisk(db);
    expect(disk.syncs).toBe(0);
  });

  test('flushes the log beside the target of a symbolic link', async () => {
    const file = temporary();
    const link = join(dirname(temporary()), 'link.db');
    await writeFile(file, '');
    await symlink(file, link);
    const { db, disk } = await openWatched(link);
    await transact(db, add('thread_1'));
    expect(disk.syncs).toBe(1);
  });

  test('does not make SQLite itself wait for the disk', async () => {
    const { db } = await openWatched();
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
    expect(rows).toEqual([{ synchronous: 1 }]);
  });
});

test('concurrent transactions share an fsync that started after their commit', async () => {
  const file = temporary();
  await writeFile(file, 'log');
  const disk = watchDisk();
  const log = new WriteAheadLog(file);
  const first = log.sync();
  // The first fsync is running; later commits need another one.
  await eventLoopTurn(1);
  await Promise.all([first, log.sync(), log.sync(), log.sync()]);
  expect(disk.syncs).toBe(2);
  await log.sync();
  expect(disk.syncs).toBe(3);
  await log.close();
});

test('a log that does not exist yet is opened later', async () => {
  const file = temporary();
  const log = new WriteAheadLog(file);
  await expect(log.sync()).rejects.toThrow('ENOENT');
  await writeFile(file, 'log');
  await log.sync();
  await log.close();
});
