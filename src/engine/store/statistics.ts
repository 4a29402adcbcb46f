import { isActive } from './run-filters.ts';
import type { Database, activeStatuses } from './schema.ts';

export type ActiveRuns = Readonly<Record<(typeof activeStatuses)[number], number>>;

/** How many runs there are of each live status; the cost grows with them, not with those ended. */
export async function countActiveRuns(db: Database): Promise<ActiveRuns> {
  const rows = await db
    .selectFrom('runs')
    .select((select) => ['status', select.fn.countAll<number>().as('count')])
    .where(isActive)
    .groupBy('status')
    .execute();
  const countOf = (status: string) => rows.find((row) => row.status === status)?.count ?? 0;
  return {
    queued: countOf('queued'),
    in_progress: countOf('in_progress'),
    requires_action: countOf('requires_action'),
    cancelling: countOf('cancelling'),
  };
}
