import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { FileOwner } from './files/owner.ts';
import type { FileLimits } from './files/limits.ts';
import type { Embeddings } from './models/embeddings.ts';
import type { EndpointFiles } from './models/endpoint-files.ts';
import type { Model } from './models/model.ts';
import type { Windows } from './models/context-window.ts';
import type { Observer } from './observer.ts';
import type { LeaseKeeper } from './runs/lease-keeper.ts';
import type { RunEventBus } from './events/event-bus.ts';
import type { ThreadQueue } from './routes/thread-queue.ts';
import type { Database } from './store/schema.ts';
import type { SharedClock } from './store/shared-clock.ts';
import type { IngestionDeps } from './vector-stores/ingestion.ts';

/** The parts and settings of an engine. */
export interface EngineOptions {
  readonly db: Database;
  readonly model: Model;
  /** Files and vector stores, of the endpoint or of this database; null: there can be none. */
  readonly files: EndpointFiles | null;
  /** Decides whether this database keeps new files. */
  readonly fileOwner: FileOwner;
  readonly fileLimits: FileLimits;
  /** Absent or null: local vector stores are searched by words alone. */
  readonly embeddings?: Embeddings | null;
  readonly clock: SharedClock;
  readonly ids: Ids;
  readonly log: Log;
  /** Seconds from a run's creation to its expiry. */
  readonly runLifetime: number;
  /** Seconds without a byte after which a model call is given up; null by default: never. */
  readonly modelTimeout?: number | null;
  /** The maximum number of runs executed at once. */
  readonly concurrency: number;
  /** The model to use in place of the one that an assistant or a run names. */
  readonly modelFor: (requested: string) => string;
  /** Whether runs go on without hosted tools that the endpoint lacks; by default they are refused. */
  readonly dropsHostedTools?: boolean;
  /** How long a lease on a run lasts without a heartbeat; 10 s by default. */
  readonly leaseMs?: number;
  /** Absent where no other process can take over a run. */
  readonly leaseKeeper?: LeaseKeeper;
  readonly observer?: Observer;
  /** What reads the files of vector stores; by default, processes of this program. */
  readonly createExtractor?: NonNullable<IngestionDeps['createExtractor']>;
}

/** The options, and what the parts of one engine share. */
export interface EngineDeps extends EngineOptions {
  readonly events: RunEventBus;
  readonly windows: Windows;
  readonly threadQueue: ThreadQueue;
  /** Called when files of vector stores wait to be read. */
  readonly wakeIngestion: () => void;
}
