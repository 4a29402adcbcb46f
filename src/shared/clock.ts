import { uptime } from 'node:os';

/** The time, injected so that tests can control it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of a machine: `now` jumps when somebody sets the time, the two others do not. */
export interface MachineClock extends Clock {
  /** Milliseconds since this process started, without the time in which the machine slept. */
  elapsed(): number;
  /** Milliseconds since the machine started, sleep included: the same in all its processes. */
  uptime(): number;
}

/** The maximum of `setTimeout`. */
const maxTimerMs = 2 ** 31 - 1;

export const systemClock: MachineClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  uptime: () => uptime() * 1000,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(ms, maxTimerMs));
      signal?.addEventListener('abort', done, { once: true });
    }),
};

/** Whole seconds since the epoch, the unit of every timestamp on the wire (contract §1). */
export const unixSeconds = (clock: Clock): number => Math.floor(clock.now() / 1000);
interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The pause in milliseconds after failed attempt `attempt` (from 1): doubles up to `maxMs`. */
export const backoffMs = (attempt: number, { firstMs, maxMs }: BackoffLimits): number =>
  Math.min(firstMs * 2 ** (attempt - 1), maxMs);

const maxTurnMs = 20;

let turnStartedAt: number | null = null;

/** Whether this turn of the event loop has taken long, as far as it is known. */
function isLongTurn(): boolean {
  const now = performance.now();
  if (turnStartedAt === null) {
    turnStartedAt = now;
    setImmediate(() => (turnStartedAt = null));
  }
  return now - turnStartedAt > maxTurnMs;
}

/** What continues works that wait, the one that waits longest first. */
const waiting: (() => void)[] = [];

const resumeNext = (): void => {
  if (isLongTurn()) setImmediate(resumeNext);
  else waiting.shift()?.();
};

/**
 * Lets other requests go on before long work continues. Of several works that wait, one continues in
 * each turn if that takes long, or together they would keep the others waiting.
 */
export const yieldToOthers = (): Promise<void> =>
  new Promise((resolve) => {
    waiting.push(resolve);
    setImmediate(resumeNext);
  });

/**
 * Lets other requests go on if they have waited for long; cheap otherwise. To be called before each
 * step of work that may have many steps. (Resolved promises let no other request go on.)
 */
export async function yieldIfOthersWait(): Promise<void> {
  if (isLongTurn()) await yieldToOthers();
}
