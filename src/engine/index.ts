import { createApp } from './app.ts';
import { createWindows } from './models/context-window.ts';
import type { EngineOptions } from './options.ts';
import { keepFilesClean } from './files/maintenance.ts';
import { ownsRequest } from './files/owned-paths.ts';
import type { FileKeeper } from './files/owner.ts';
import { ThreadQueue } from './routes/thread-queue.ts';
import { logRunEnd } from './observer.ts';
import { RunEventBus } from './events/event-bus.ts';
import { RunWorker } from './runs/worker.ts';
import { cleanUpKeys } from './store/idempotency-keys.ts';
import { countActiveRuns, type ActiveRuns } from './store/runs.ts';
import { checkpointWhenIdle } from './store/sqlite/checkpoint.ts';
import { writeProblem } from './store/write-check.ts';
import { cleanUpChunks } from './vector-stores/clean-up.ts';
import { FileIngestion } from './vector-stores/ingestion.ts';
import { keepEmbedding } from './vector-stores/embed-chunks.ts';

export type { EngineOptions } from './options.ts';
export type { ModelCallReport, Observer } from './observer.ts';
export type { ActiveRuns } from './store/runs.ts';

/** The Assistants API in this process: its endpoints and the worker that executes its runs. */
export interface Engine {
  /** Handles one REST request; paths start with `/v1`. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /**
   * Whether `fetch` serves this request for files, uploads or vector stores: its object is in the
   * database, or the database keeps all new ones. Others belong to the model endpoint. Never rejects.
   */
  owns(request: Pick<Request, 'url'>): Promise<boolean>;
  /** Who keeps new files; null: not known yet. */
  fileKeeper(): FileKeeper | null;
  /** Starts the worker, which also takes over the runs of dead processes. */
  start(): void;
  /** Reads the files that were added to vector stores soon; does nothing before `start`. */
  wakeIngestion(): void;
  /** Refuses the requests that wait for a run to end, at once: call it when a shutdown begins. */
  refuseWaiting(): void;
  /** Stops claiming, gives runs `graceMs` to end, releases the others, closes the database. */
  stop(graceMs: number): Promise<void>;
  /** One pass of the worker: ends overdue and cancelled runs, and claims queued runs and unread files. */
  tick(): Promise<void>;
  /** Resolves when this process executes no run and reads no file. */
  idle(): Promise<void>;
  /** Counts the active runs of all processes on this database. Rejects when the database does. */
  countActiveRuns(): Promise<ActiveRuns>;
  /** How many milliseconds this machine's clock is ahead of the one that times the runs. */
  clockSkewMs(): number;
  /** Why the database cannot be written, as a clause; null if it can. Never rejects. */
  writeProblem(): Promise<string | null>;
}

/** Creates an engine, which owns `db` from then on. */
export function createEngine(options: EngineOptions): Engine {
  const threadQueue = new ThreadQueue(options);
  const ingestion = new FileIngestion(options);
  const deps = {
    ...options,
    events: new RunEventBus((run) => {
      logRunEnd(options, run);
      threadQueue.wake(run.thread_id);
    }),
    windows: createWindows(),
    threadQueue,
    wakeIngestion: () => ingestion.wake(),
  };
  const worker = new RunWorker(deps);
  const app = createApp(deps, worker);
  const stopping = new AbortController();
  let maintenance: Promise<unknown> | undefined;
  return {
    fetch: async (request) => app.fetch(request),
    owns: (request) => ownsRequest(options, request),
    fileKeeper: () => options.fileOwner.known(),
    start() {
      worker.start();
      ingestion.start();
      const { db, clock } = options;
      maintenance ??= Promise.all([
        checkpointWhenIdle(db, clock, stopping.signal),
        cleanUpKeys(options, stopping.signal),
        keepFilesClean(options, stopping.signal),
        cleanUpChunks(options, stopping.signal),
        keepEmbedding(options, stopping.signal),
      ]);
    },
    wakeIngestion: () => ingestion.wake(),
    refuseWaiting: () => threadQueue.close(),
    stop: async (graceMs) => {
      threadQueue.close();
      await Promise.all([worker.stop(graceMs), ingestion.stop()]);
      deps.events.close();
      stopping.abort();
      await maintenance;
      await options.db.destroy();
    },
    async tick() {
      await Promise.all([worker.tick(), ingestion.tick()]);
    },
    async idle() {
      await Promise.all([worker.idle(), ingestion.idle()]);
    },
    countActiveRuns: () => countActiveRuns(options.db),
    clockSkewMs: () => options.clock.skewMs(),
    writeProblem: () => writeProblem(options.db),
  };
}
