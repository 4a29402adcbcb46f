import type { Notifications } from '../store/capabilities.ts';

/** Milliseconds between two looks at the database: soon after something happened, and at most. */
const [soon, late] = [1000, 5000];
/** The same at most, where other processes say what they have for this one. */
const maxDelayWithNotifications = 30_000;

/** Milliseconds to wait at least, so that what another process is about to do is not spun on. */
const shortest = 250;

/** How long a worker that nothing wakes waits until it looks at the database again. */
export class PollBackoff {
  readonly #signals: Pick<Notifications, 'isConnected'> | null;
  #wait = soon;

  constructor(signals: Pick<Notifications, 'isConnected'> | null) {
    this.#signals = signals;
  }

  /** Something has happened, and more may follow. */
  reset(): void {
    this.#wait = soon;
  }

  /** Milliseconds until the next look, when a run needs somebody in `left` milliseconds. */
  nextDelayMs(left = Infinity): number {
    const wait = this.#wait;
    this.#wait = Math.min(
      wait * 2,
      this.#signals?.isConnected === true ? maxDelayWithNotifications : late,
    );
    return Math.min(wait, Math.max(left, shortest));
  }
}
