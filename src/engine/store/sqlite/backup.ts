import { constants } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { backup, type DatabaseSync } from 'node:sqlite';
import { DatabaseError } from '../errors.ts';
import { openExistingChecked } from './open.ts';

/** Pages that are copied between two reports of progress: 4 MiB. */
const pagesPerStep = 1024;

/** How far a backup is; both numbers are pages of the database. */
export interface BackupProgress {
  readonly copied: number;
  readonly total: number;
}

interface BackupOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackupProgress) => void;
}

async function checkIsNew(file: string): Promise<void> {
  if ((await lstat(file).catch(() => null)) === null) return;
  throw new DatabaseError(`The file ${file} exists; choose another name, or delete it first.`);
}

/** Copies one state of the database: a reading transaction keeps later writes out of it. */
async function copySnapshot(
  source: DatabaseSync,
  target: string,
  { signal, onProgress }: BackupOptions,
): Promise<void> {
  source.exec('begin');
  source.prepare('select 1 from sqlite_master').get();
  await backup(source, target, {
    rate: pagesPerStep,
    progress: ({ totalPages, remainingPages }) => {
      onProgress({ copied: totalPages - remainingPages, total: totalPages });
      if (signal.aborted) throw new Error('Interrupted');
    },
  });
}

async function flush(path: string, flags: number): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows cannot flush a directory, and needs not to. */
const flushDirectory = (path: string) => flush(path, constants.O_RDONLY).catch(() => {});

/**
 * Copies an SQLite database, which other processes may use meanwhile, to a new file with mode 0600.
 * The file appears when it is complete. Does not migrate the database. Throws a
 * {@link DatabaseError} if there is no database or the file exists.
 */
export async function backupSqlite(
  location: string,
  file: string,
  options: BackupOptions,
): Promise<void> {
  const target = resolve(file);
  const source = openExistingChecked(location);
  const partial = `${target}.${crypto.randomUUID()}.partial`;
  try {
    await checkIsNew(file);
    await (await open(partial, 'wx', 0o600)).close();
    await copySnapshot(source, partial, options);
    await flush(partial, constants.O_RDWR);
    await checkIsNew(file);
    await rename(partial, target);
    await flushDirectory(dirname(target));
  } finally {
    source.close();
    for (const suffix of ['', '-journal', '-wal', '-shm']) {
      await rm(partial + suffix, { force: true });
    }
  }
}
