import { existsSync } from 'node:fs';
import type { Database } from '../engine/store/schema.ts';
import { isPostgresUrl } from '../shared/urls.ts';
import { errorSentence, print, type Terminal } from './terminal.ts';

/**
 * Does the work of a command and prints why it failed: `describe` returns the sentences, or null to
 * print nothing. Resolves to the exit code.
 */
export async function runOrReport(
  { stderr }: Terminal,
  work: () => Promise<void>,
  describe: (error: unknown) => string | null | Promise<string> = errorSentence,
): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    const sentences = await describe(error);
    if (sentences !== null) print(stderr, `${sentences}\n`);
    return 1;
  }
}

/** The database of an import: a dry run does not create one, and needs an empty one instead. */
export const importLocation = (database: string, dryRun: boolean): string =>
  dryRun && !isPostgresUrl(database) && !existsSync(database) ? ':memory:' : database;

/** Works with a database, which is closed afterwards. */
export async function withDatabase(
  opening: Promise<Database>,
  work: (db: Database) => Promise<void>,
): Promise<void> {
  const db = await opening;
  try {
    await work(db);
  } finally {
    await db.destroy();
  }
}
