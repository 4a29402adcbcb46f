import type { Clock } from '../shared/clock.ts';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import type { EndpointFiles } from './models/endpoint-files.ts';
import type { Model } from './models/model.ts';
import type { Windows } from './models/context-window.ts';
import type { Observer } from './observer.ts';
import type { RunEventBus } from './events/event-bus.ts';
import type { Database } from './store/schema.ts';

/** What an engine is made of. */
export interface EngineOptions {
  readonly db: Database;
  readonly model: Model;
  /** Null where the model comes without, and where there is no endpoint. */
  readonly files: EndpointFiles | null;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Seconds from a run's creation to its expiry. */
  readonly runLifetime: number;
  /** Runs executed at once. */
  readonly concurrency: number;
  /** The model that is used where an assistant or a run names this one. */
  readonly modelFor: (named: string) => string;
  /** Milliseconds a claim on a run holds without being renewed; 10 s unless told. */
  readonly leaseDuration?: number;
  readonly observer?: Observer;
}

/** The options, and what the engine's parts share beside them. */
export interface EngineDeps extends EngineOptions {
  readonly events: RunEventBus;
  readonly windows: Windows;
}
