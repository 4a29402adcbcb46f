import { onTestFinished, test } from 'vitest';
import type { Database } from '../../../src/engine/store/schema.ts';

/** Somewhere the store can be. */
export interface Place {
  readonly name: string;
  /** Opens an empty database, as two who know nothing of each other, or one where there is only one. */
  open(): Promise<readonly [Database, Database]>;
  /** Why it is not to be tested here. */
  readonly skip?: string | null;
  /** Why two cannot be at work in it at once. */
  readonly single?: string;
}

/** A store that is closed when the test is over, as two would see it. */
export async function opened(place: Place): Promise<readonly [Database, Database]> {
  const pair = await place.open();
  onTestFinished(async () => {
    for (const db of new Set(pair)) await db.destroy();
  });
  return pair;
}

/** Tests of one place; with a reason, they are skipped and say why. */
export const testOf =
  (skip: string | null | undefined) =>
  (name: string, work: () => Promise<void>): void => {
    // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect -- both are the caller's
    test(name, async ({ skip: leave }) => {
      if (skip !== null && skip !== undefined) leave(skip);
      await work();
    });
  };
