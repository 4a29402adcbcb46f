import type OpenAI from 'openai';
import type { RunState } from './store/schema.ts';

/*
 * The life cycle of a run (contract §5.1, §5.2). A worker starts a queued run, which then ends or
 * requires tool outputs; submitted outputs queue it again. A cancelling run is cancelled once its
 * execution stops, unless it completes or fails first. The deadline never changes.
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

/** The status that each event leads to; any other event is invalid in that status. */
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

/** The fields set on entering a status; `now` in Unix seconds (contract §5.2). */
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

/** Fields of the run that come with an event. */
export type TransitionData = Partial<
  Pick<RunState, 'required_action' | 'last_error' | 'incomplete_details' | 'usage'>
>;

/** Everything that a transition reads and changes. */
export interface RunSnapshot {
  readonly status: RunStatus;
  readonly state: RunState;
}

/** The status an event leads to; undefined if the event is invalid in this status. */
export const nextStatus = (status: RunStatus, event: RunEvent): RunStatus | undefined => {
  const nextStatuses: Partial<Record<RunEvent, RunStatus>> = transitions[status];
  return nextStatuses[event];
};

/** Whether no event can change this status. */
export const isTerminal = (status: RunStatus): boolean =>
  Object.keys(transitions[status]).length === 0;

/** The state of a new run that expires at `deadline` (Unix seconds). */
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
 * Applies an event at `now` (Unix seconds). Throws a RangeError if the event is invalid in this
 * status: check {@link nextStatus} first for events that API callers cause.
 */
export function transition(
  run: RunSnapshot,
  event: RunEvent,
  now: number,
  data: TransitionData = {},
): RunSnapshot {
  const status = nextStatus(run.status, event);
  if (status === undefined) throw new RangeError(`a ${run.status} run cannot ${event}`);
  return { status, state: { ...run.state, ...entryFields[status](now), ...data } };
}
