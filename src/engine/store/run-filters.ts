import { sql } from 'kysely';
import { activeStatuses } from './schema.ts';

const claimableStatuses = ['queued', 'in_progress'] as const;

const statusIn = (statuses: readonly string[]) =>
  sql.raw<boolean>(`status in (${statuses.map((status) => `'${status}'`).join(', ')})`);

/*
 * Conditions as indexes have them: only a query that says the same, word for word, may use them.
 */

/** Runs that hold their thread. */
export const isActive = statusIn(activeStatuses);
/** Runs that somebody executes, or has to. */
export const isClaimable = statusIn(claimableStatuses);
/** Runs that are to be stopped. */
export const isCancelling = statusIn(['cancelling']);
