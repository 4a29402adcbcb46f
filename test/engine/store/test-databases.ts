import { onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/engine/store/schema.ts';

/** A kind of database that the store contract is tested on. */
export interface TestedDatabase {
  readonly name: string;
  /** Opens an empty database twice, or once if it allows one connection. */
  open(): Promise<readonly [Database, Database]>;
  /** Why it cannot be tested here. */
  readonly skipReason?: string | null;
  /** Why tests of concurrency are skipped. */
  readonly singleConnection?: string;
}

/** Two connections, which are closed when the test ends. */
export async function openPair(database: TestedDatabase): Promise<readonly [Database, Database]> {
  const pair = await database.open();
  onTestFinished(async () => {
    for (const db of new Set(pair)) await db.destroy();
  });
  return pair;
}

/** A `test` that is skipped if there is a reason. */
export const testUnless =
  (skip: string | null | undefined) =>
  (name: string, work: () => Promise<void>): void => {
    // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect -- both are the caller's
    test(name, async ({ skip: leave }) => {
      if (skip !== null && skip !== undefined) leave(skip);
      await work();
    });
  };
