import { sql } from 'kysely';
import { activeStatuses } from '../../shared/run-status.ts';

/*
 * A partial index serves only queries whose condition has the same text, so indexes and queries
 * share these.
 */
const statusIn = (statuses: readonly string[]) =>
  sql.raw<boolean>(`status in (${statuses.map((status) => `'${status}'`).join(', ')})`);

/** Runs that lock their thread. */
export const isActive = statusIn(activeStatuses);
/** Runs that a worker executes or must claim. */
export const isClaimable = statusIn(['queued', 'in_progress']);
/** Runs to cancel. */
export const isCancelling = statusIn(['cancelling']);
/** Files of vector stores that have not been read. */
export const isInProgress = statusIn(['in_progress']);

/** A lease that ends later than this was written before the clock was set back. */
const maxLeaseAheadMs = 60_000;

/** Rows with no lease, an expired lease, or one implausibly far in the future. */
export const hasNoValidLease = (nowMs: number) =>
  sql<boolean>`(lease_until is null or lease_until <= ${nowMs}
    or lease_until > ${nowMs + maxLeaseAheadMs})`;
