import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';

const program = fileURLToPath(new URL('concurrent-process-main.ts', import.meta.url));

/**
 * Sends `count` requests at once from another process on the same database; resolves to their
 * statuses. Only processes compete for a lock of SQLite, because node:sqlite blocks its own.
 */
export async function requestFromOtherProcess(
  database: string,
  path: string,
  count = 0,
  body: object = {},
): Promise<number[]> {
  const args = [program, database, path, `${count}`, JSON.stringify(body)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return z.array(z.int()).parse(JSON.parse(stdout));
}
