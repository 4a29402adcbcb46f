import { sql } from 'kysely';
import { liveStatuses } from './schema.ts';

const movingStatuses = ['queued', 'in_progress'] as const;

const statusIn = (statuses: readonly string[]) =>
  sql.raw<boolean>(`status in (${statuses.map((status) => `'${status}'`).join(', ')})`);

/*
 * Conditions as indexes have them: only a query that says the same, word for word, may use them.
 */

/** Runs that hold their thread. */
export const isLive = statusIn(liveStatuses);
/** Runs that somebody executes, or has to. */
export const isMoving = statusIn(movingStatuses);
/** Runs that are to be stopped. */
export const isCancelling = statusIn(['cancelling']);
