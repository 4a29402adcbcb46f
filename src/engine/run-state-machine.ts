import type OpenAI from 'openai';
import type { RunState } from './store/schema.ts';

/*
 * The life of a run (contract §5.1, §5.2). A run is queued until a worker starts it. It then ends,
 * or stops to have functions called; accepted outputs put it back into the queue. Cancelling is an
 * attempt: the run is cancelled when its execution has stopped, unless it came to its end first.
 * Whatever the status, the deadline stands where it was set when the run was created.
 */
type RunStatus = OpenAI.Beta.Threads.RunStatus;

/** What can happen to a run. */
export type RunEvent =
  | 'start'
  | 'require_action'
  | 'submit'
  | 'complete'
  | 'cut_off'
  | 'fail'
  | 'cancel'
  | 'stop'
  | 'expire';

/** Where each event leads; what is not in the table cannot happen. */
export const transitions = {
  queued: { start: 'in_progress', fail: 'failed', cancel: 'cancelling', expire: 'expired' },
  in_progress: {
    require_action: 'requires_action',
    complete: 'completed',
    cut_off: 'incomplete',
    fail: 'failed',
    cancel: 'cancelling',
    expire: 'expired',
  },
  requires_action: { submit: 'queued', cancel: 'cancelling', expire: 'expired' },
  cancelling: { stop: 'cancelled', complete: 'completed', fail: 'failed' },
  cancelled: {},
  failed: {},
  completed: {},
  incomplete: {},
  expired: {},
} as const satisfies Record<RunStatus, Partial<Record<RunEvent, RunStatus>>>;

/** The fields that entering a status sets, `now` in Unix seconds (contract §5.2). */
const entryFields: Readonly<Record<RunStatus, (now: number) => Partial<RunState>>> = {
  queued: () => ({ required_action: null }),
  in_progress: (now) => ({ started_at: now }),
  requires_action: () => ({}),
  cancelling: () => ({ required_action: null }),
  cancelled: (now) => ({ cancelled_at: now, expires_at: null }),
  failed: (now) => ({ failed_at: now, expires_at: null }),
  completed: (now) => ({ completed_at: now, expires_at: null }),
  incomplete: (now) => ({ completed_at: now, expires_at: null }),
  expired: () => ({ expires_at: null, required_action: null }),
};

/** What an event brings with it, beside the time. */
export type TransitionData = Partial<
  Pick<RunState, 'required_action' | 'last_error' | 'incomplete_details' | 'usage'>
>;

export interface RunSnapshot {
  readonly status: RunStatus;
  readonly state: RunState;
}

/** The status an event leads to, or undefined where it cannot happen. */
export const nextStatus = (status: RunStatus, event: RunEvent): RunStatus | undefined => {
  const moves: Partial<Record<RunEvent, RunStatus>> = transitions[status];
  return moves[event];
};

/** Whether a run of this status is at its end. */
export const isTerminal = (status: RunStatus): boolean =>
  Object.keys(transitions[status]).length === 0;

/** The state of a run just created, to expire at `deadline` (Unix seconds). */
export const initialState = (deadline: number): RunState => ({
  started_at: null,
  expires_at: deadline,
  cancelled_at: null,
  failed_at: null,
  completed_at: null,
  required_action: null,
  last_error: null,
  incomplete_details: null,
  usage: null,
});

/**
 * Moves a run on at `now` (Unix seconds). Throws a RangeError for an event that cannot happen in
 * its status: callers ask {@link nextStatus} first where that is a caller's mistake.
 */
export function transition(
  run: RunSnapshot,
  event: RunEvent,
  now: number,
  outcome: TransitionData = {},
): RunSnapshot {
  const status = nextStatus(run.status, event);
  if (status === undefined) throw new RangeError(`a ${run.status} run cannot ${event}`);
  return { status, state: { ...run.state, ...entryFields[status](now), ...outcome } };
}
