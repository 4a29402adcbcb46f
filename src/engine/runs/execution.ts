import type { RunRow } from '../store/schema.ts';

/** Another process holds the lease of the run: this execution must not write any more. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** A run executed under the lease `token` until `signal` aborts. */
export interface LeasedRun {
  readonly run: RunRow;
  readonly token: string;
  readonly signal: AbortSignal;
}

/** One model call of a leased run. */
export interface Execution extends LeasedRun {
  /** Whether this is the first model call of the run. */
  readonly isNew: boolean;
  /** Resolves once the events of the claim are published; those of the execution come after. */
  readonly published: Promise<void>;
}

/** Why an execution is aborted: the reason of its signal. */
export type Interruption = 'cancelled' | 'expired' | 'released' | 'lost';
