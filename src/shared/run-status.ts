/** Statuses of a run that hold its thread (contract §5.1). */
export const activeStatuses = ['queued', 'in_progress', 'requires_action', 'cancelling'] as const;

export const isActive = (status: string): status is (typeof activeStatuses)[number] =>
  activeStatuses.some((active) => active === status);

/** Statuses that change by themselves: requires_action waits for the caller. */
const runningStatuses = ['queued', 'in_progress', 'cancelling'] as const;

export const isRunning = (status: string): status is (typeof runningStatuses)[number] =>
  runningStatuses.some((running) => running === status);
