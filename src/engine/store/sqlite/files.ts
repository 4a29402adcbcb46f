import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  realpathSync,
} from 'node:fs';
import { platform } from 'node:os';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { statsOf } from '../../../shared/file-stats.ts';
import { DatabaseError } from '../errors.ts';

export const inMemory = ':memory:';

/** How long opening a file waits for another process that is migrating it. */
const openTimeoutMs = 10_000;

/** `mkdirSync` with `recursive` never returns where no directory can be made, as in `/proc`. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!existsSync(path)) throw error;
  }
}

/** Opening a pipe would block the process, and SQLite would write to a device. */
function checkIsFile(path: string): void {
  if (statsOf(path)?.isFile() === false) throw new Error('it is not a file');
}

/**
 * Opens the file without changing it; creates it with mode 0600 if it does not exist. SQLite gets an
 * absolute path, which it never takes for a URI.
 */
export function openFile(location: string): DatabaseSync {
  if (location === inMemory) return new DatabaseSync(location);
  const path = resolve(location);
  checkIsFile(path);
  makeDirectory(dirname(path));
  closeSync(openSync(path, 'a', 0o600));
  return new DatabaseSync(path, { timeout: openTimeoutMs });
}

const canWrite = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

/** Whether the file can be changed, and SQLite can create its files beside it. */
export function isWritable(location: string): boolean {
  if (location === inMemory) return true;
  const path = realpathSync(location);
  return canWrite(path) && canWrite(dirname(path));
}

/** Reading the schema makes SQLite open everything that it needs. */
function opened(database: DatabaseSync): DatabaseSync {
  try {
    database.prepare('select 1 from sqlite_master').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Whether the log has changes, or a process has the database open, so that it may soon. */
const mayHaveLog = (path: string): boolean =>
  existsSync(`${path}-shm`) || (statsOf(`${path}-wal`)?.size ?? 0) > 0;

/**
 * Opens an existing file for reading only. Without write access to the directory, SQLite can read
 * the file alone, as `immutable`. It then ignores the write-ahead log, so there must not be any.
 */
export function openFileReadOnly(location: string): DatabaseSync {
  const path = realpathSync(location);
  checkIsFile(path);
  try {
    return opened(new DatabaseSync(path, { readOnly: true, timeout: openTimeoutMs }));
  } catch (error) {
    if (canWrite(dirname(path))) throw error;
    if (mayHaveLog(path)) {
      throw new DatabaseError(
        `The latest changes of the database ${location} are in ${path}-wal, which cannot be used in a read-only directory; copy both files to a directory that you can write to.`,
      );
    }
    const url = pathToFileURL(path);
    url.search = 'immutable=1';
    return opened(new DatabaseSync(url, { readOnly: true }));
  }
}

/** Whether the group or others can read an existing file; Windows has no such permissions. */
export function isReadableByOthers(location: string): boolean {
  if (location === inMemory || platform() === 'win32') return false;
  const stats = statsOf(location);
  return stats?.isFile() === true && (stats.mode & 0o044) !== 0;
}
