import type { Worker } from 'node:worker_threads';
import type { Log } from '../../shared/log.ts';
import { startThread } from '../../shared/thread.ts';

/** A lease that this process holds. */
export interface HeldLease {
  readonly token: string;
  /** Milliseconds since the epoch until which it is valid. */
  readonly until: number;
  /** Unix seconds at which its run expires. */
  readonly deadline: number;
}

/** What the thread has to know. */
export interface LeaseReport {
  readonly leases: readonly HeldLease[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long a renewed lease lasts. */
  readonly leaseMs: number;
}

/** Renews leases from another thread when this one is too busy to do it in time. */
export interface LeaseKeeper {
  /** Replaces the leases to keep. The first one starts the thread. */
  report(report: LeaseReport): void;
  stop(): Promise<void>;
}

/** Sending each change by itself would cost every short run more. */
const reportDelayMs = 20;

/** Creates a keeper of leases in the database at `database`; a thread that fails is not replaced. */
export function createLeaseKeeper(database: string, log: Log): LeaseKeeper {
  let thread: Worker | null = null;
  let next: LeaseReport | null = null;
  const start = () => {
    const started = startThread('lease-keeper-thread', import.meta.url, database);
    started.on('error', (error) => log.error('lease thread failed', { error: String(error) }));
    return started;
  };
  const send = () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    thread?.postMessage(next);
    next = null;
  };
  return {
    report(report) {
      if (thread === null && report.leases.length === 0) return;
      thread ??= start();
      if (next === null) setTimeout(send, reportDelayMs).unref();
      next = report;
    },
    async stop() {
      await thread?.terminate();
    },
  };
}
