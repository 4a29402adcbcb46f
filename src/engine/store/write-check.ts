import { accessSync, constants } from 'node:fs';
import { sql } from 'kysely';
import { errorReason } from '../../shared/errors.ts';
import { type AnyDatabase, capabilitiesOf } from './capabilities.ts';
import { type DatabaseFile, SqliteFileAdapter } from './durability.ts';
import { unavailableReason } from './errors.ts';
import type { Database } from './schema.ts';
import { statsOf } from '../../shared/file-stats.ts';
import { failedWrites, transact } from './transaction.ts';

const fileOf = (db: AnyDatabase): DatabaseFile | null => {
  const { adapter } = db.getExecutor();
  return adapter instanceof SqliteFileAdapter ? adapter.file : null;
};

/** What is written to a file that is no longer in its place is lost, and no write fails. */
function missingFileReason({ path, dev, ino }: DatabaseFile): string | null {
  const stats = statsOf(path);
  if (stats === undefined) return 'its file was deleted or moved; restart the server';
  const isSame = stats.dev === dev && stats.ino === ino;
  return isSame ? null : 'its file was replaced by another one; restart the server';
}

function isWritable({ path }: DatabaseFile): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether a PostgreSQL server is a standby, or its sessions are read-only. */
async function isReadOnlyServer(db: Database): Promise<boolean> {
  const setting = sql<{ value: string | null }>`
    select current_setting('transaction_read_only', true) as value`;
  return (await setting.execute(db)).rows[0]?.value === 'on';
}

/** Writes, commits, and leaves nothing behind. */
const tryWrite = (db: Database): Promise<void> =>
  transact(db, async (transaction) => {
    const id = `write check ${crypto.randomUUID()}`;
    await transaction.insertInto('threads').values({ id, created_at: 0, body: '{}' }).execute();
    await transaction.deleteFrom('threads').where('id', '=', id).execute();
  });

/**
 * Why writes fail, as a clause ("its disk is full"); null if they work. Writes only if the last
 * write failed or the next one probably would.
 */
export async function writeProblem(db: Database): Promise<string | null> {
  const { adapter } = db.getExecutor();
  const file = fileOf(db);
  try {
    const missing = file === null ? null : missingFileReason(file);
    if (missing !== null) return missing;
    const mayFail =
      failedWrites.has(adapter) ||
      (file !== null && !isWritable(file)) ||
      (capabilitiesOf(db) !== null && (await isReadOnlyServer(db)));
    if (mayFail) await tryWrite(db);
    failedWrites.delete(adapter);
    return null;
  } catch (error) {
    return unavailableReason(error) ?? errorReason(error);
  }
}
