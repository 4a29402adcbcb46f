import { createApp } from './app.ts';
import { createWindows } from './models/context-window.ts';
import type { EngineOptions } from './options.ts';
import { isOwnFileRequest } from './routes/files.ts';
import { logRunEnd } from './observer.ts';
import { RunEventBus } from './events/event-bus.ts';
import { RunWorker } from './runs/worker.ts';
import { countActiveRuns, type ActiveRuns } from './store/runs.ts';

export type { EngineOptions } from './options.ts';
export type { ModelCallReport, Observer } from './observer.ts';
export type { ActiveRuns } from './store/runs.ts';

/** The Assistants API in this process: its endpoints, and the worker that executes its runs. */
export interface Engine {
  /** Answers one REST request; paths begin with `/v1`. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /**
   * Whether a request about a file is one for `fetch`, because a run made the file and there is a
   * copy; all other files are the model endpoint's. Never rejects.
   */
  ownsFile(request: Request): Promise<boolean>;
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
  idle(): Promise<void>;
  /** How many runs wait or are at work, whoever executes them; rejects when the database does. */
  countActiveRuns(): Promise<ActiveRuns>;
}

/** Puts an engine together; it owns `db` from here on. */
export function createEngine(options: EngineOptions): Engine {
  const deps = {
    ...options,
    events: new RunEventBus((run) => logRunEnd(options, run)),
    windows: createWindows(),
  };
  const worker = new RunWorker(deps);
  const app = createApp(deps, worker);
  return {
    fetch: async (request) => app.fetch(request),
    ownsFile: (request) => isOwnFileRequest(options.db, request),
    start: () => worker.start(),
    stop: async (graceMs) => {
      await worker.stop(graceMs);
      deps.events.close();
      await options.db.destroy();
    },
    tick: () => worker.tick(),
    idle: () => worker.idle(),
    countActiveRuns: () => countActiveRuns(options.db),
  };
}
