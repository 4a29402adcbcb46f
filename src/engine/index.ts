import { createApp } from './app.ts';
import { createWindows } from './models/windows.ts';
import type { EngineOptions } from './options.ts';
import { isAboutCopy } from './routes/files.ts';
import { reportEnd } from './ended.ts';
import { RunEvents } from './events/event-bus.ts';
import { RunWorker } from './runs/worker.ts';
import { countLiveRuns, type LiveRuns } from './store/statistics.ts';

export type { EngineOptions } from './options.ts';
export type { CallReport, Observer } from './observer.ts';
export type { LiveRuns } from './store/statistics.ts';

/** The Assistants API in this process: its endpoints, and the worker that executes its runs. */
export interface Engine {
  /** Answers one REST request; paths begin with `/v1`. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /**
   * Whether a request about a file is one for `fetch`, because a run made the file and there is a
   * copy; all other files are the model endpoint's. Never rejects.
   */
  keeps(request: Request): Promise<boolean>;
  /** Starts the worker: claims, expiry timers, runs left over by a process that is no more. */
  start(): void;
  /**
   * Claims nothing more, gives running executions `graceMs` milliseconds to end, hands the rest
   * back to the queue, and closes the database.
   */
  stop(graceMs: number): Promise<void>;
  /** One pass of the worker: ends what is due or cancelled, and claims queued runs. */
  tick(): Promise<void>;
  /** Resolves when this process executes no run. */
  settled(): Promise<void>;
  /** How many runs wait or are at work, whoever executes them; rejects when the database does. */
  countLiveRuns(): Promise<LiveRuns>;
}

/** Puts an engine together; it owns `db` from here on. */
export function createEngine(options: EngineOptions): Engine {
  const parts = {
    ...options,
    events: new RunEvents((run) => reportEnd(options, run)),
    windows: createWindows(),
  };
  const worker = new RunWorker(parts);
  const app = createApp(parts, worker);
  return {
    fetch: async (request) => app.fetch(request),
    keeps: (request) => isAboutCopy(options.db, request),
    start: () => worker.start(),
    stop: async (graceMs) => {
      await worker.stop(graceMs);
      parts.events.close();
      await options.db.destroy();
    },
    tick: () => worker.tick(),
    settled: () => worker.settled(),
    countLiveRuns: () => countLiveRuns(options.db),
  };
}
