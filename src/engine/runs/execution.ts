import type { RunRow } from '../store/schema.ts';

/** The lease went to someone else: this execution has nothing more to say. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** A run, and the lease under which it is executed until `signal` aborts. */
export interface Execution {
  readonly run: RunRow;
  readonly token: string;
  /** Whether no model was asked for it before. */
  readonly isNew: boolean;
  /** Resolves when what led here has been told, so that what comes of it may be. */
  readonly told: Promise<void>;
  readonly signal: AbortSignal;
}

/** Why an execution is broken off; the reason its signal aborts with. */
export type Interruption = 'cancelled' | 'expired' | 'released' | 'lost';
