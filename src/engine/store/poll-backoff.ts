import type { Notifications } from './notifications.ts';

const firstDelayMs = 1000;
const maxDelayMs = 5000;
const maxDelayWithNotificationsMs = 30_000;

/** Keeps a worker from spinning while another process is about to handle an overdue run. */
const minDelayMs = 250;

export type PollBackoff = ReturnType<typeof createPollBackoff>;

/** How long a worker sleeps between two polls: longer while nothing happens. */
export function createPollBackoff(notifications: Pick<Notifications, 'isConnected'> | null) {
  let delayMs = firstDelayMs;
  return {
    /** Polls frequently again: something happened, and more may follow. */
    reset(): void {
      delayMs = firstDelayMs;
    },
    /** The delay until the next poll, where a run needs attention in `untilDueMs`. */
    nextDelayMs(untilDueMs = Infinity): number {
      const currentMs = delayMs;
      const isConnected = notifications?.isConnected === true;
      delayMs = Math.min(delayMs * 2, isConnected ? maxDelayWithNotificationsMs : maxDelayMs);
      return Math.min(currentMs, Math.max(untilDueMs, minDelayMs));
    },
  };
}
