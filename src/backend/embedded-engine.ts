import type OpenAI from 'openai';
import type { Config } from '../config/config.ts';
import { createEngine, type Engine, type Observer } from '../engine/index.ts';
import { createEmbeddings } from '../engine/models/embeddings.ts';
import { createEndpointFiles } from '../engine/models/endpoint-files.ts';
import { createModel } from '../engine/models/index.ts';
import { createLeaseKeeper } from '../engine/runs/lease-keeper.ts';
import { openDatabase } from '../engine/store/open.ts';
import { openSharedClock } from '../engine/store/shared-clock.ts';
import { inMemory, isReadableByOthers } from '../engine/store/sqlite/files.ts';
import { isPostgresUrl } from '../shared/urls.ts';
import { type Clock, systemClock } from '../shared/clock.ts';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { createFileOwner } from '../engine/files/owner.ts';
import { chooseFiles, createLocalFiles } from '../engine/files/local-files.ts';
import { withUpstreamFiles } from './files-proxy.ts';
import { resolveModelEndpoint } from './model-endpoint.ts';
import { createClient } from './openai-client.ts';

/** The part of the configuration that the engine uses. */
export type EngineConfig = Pick<
  Config,
  | 'apiKey'
  | 'modelBaseUrl'
  | 'modelApi'
  | 'model'
  | 'modelMap'
  | 'embeddingModel'
  | 'hostedTools'
  | 'files'
  | 'maxFile'
  | 'maxFileStorage'
  | 'database'
  | 'runLifetime'
  | 'concurrency'
  | 'modelTimeout'
  | 'showReasoning'
>;

export interface EmbeddedEngineOptions {
  readonly config: EngineConfig;
  /** The machine's; the engine's own is the one that all processes on the database share. */
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly observer?: Observer;
  /** Sends requests to the model endpoint (default: `globalThis.fetch`). */
  readonly fetch?: typeof globalThis.fetch;
}

export interface EmbeddedEngine {
  readonly engine: Engine;
  /** Answers `/v1` requests, also those for files and vector stores of the model endpoint. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly openai: OpenAI;
}

/** A new file is its owner's alone; one that was copied or restored may not be. */
function warnIfExposed(database: string, log: Log): void {
  if (isPostgresUrl(database) || !isReadableByOthers(database)) return;
  log.warn('other users of this machine can read the database; run chmod 600 on it', {
    file: database,
  });
}

/**
 * Opens the database and creates an engine with a client; does not start the engine's worker.
 * Rejects with a DatabaseError when the database cannot be opened.
 */
export async function createEmbeddedEngine(
  options: EmbeddedEngineOptions,
): Promise<EmbeddedEngine> {
  const { config, clock, ids, log, observer, fetch: endpointFetch = globalThis.fetch } = options;
  const { apiKey, modelBaseUrl: baseURL } = config;
  const secrets = apiKey === null ? [] : [apiKey];
  const endpoint = { apiKey, baseURL, secrets, fetch: endpointFetch };
  const modelEndpoint = resolveModelEndpoint(config);
  const hasEndpoint = !('unavailable' in modelEndpoint);
  const db = await openDatabase(config.database);
  warnIfExposed(config.database, log);
  const fileOwner = createFileOwner({
    setting: config.files,
    isScripted: config.modelApi === 'scripted',
    endpoint,
    log,
  });
  const endpointFiles = hasEndpoint ? createEndpointFiles(endpoint) : null;
  const hasNoFiles = endpointFiles === null && fileOwner.known() === 'endpoint';
  const sharedClock = await openSharedClock(db, clock, log);
  const { embeddingModel } = config;
  const embeddings =
    hasEndpoint && embeddingModel !== null
      ? createEmbeddings({ ...endpoint, model: embeddingModel, clock, log })
      : null;
  const wakeIngestion = () => engine.wakeIngestion();
  const fileDeps = { db, ids, log, embeddings, clock: sharedClock, wakeIngestion };
  const localFiles = createLocalFiles(fileDeps);
  const files = hasNoFiles ? null : chooseFiles(endpointFiles, localFiles, fileOwner);
  const dropsHostedTools = config.hostedTools === 'drop';
  const engine: Engine = createEngine({
    db,
    model: createModel(config.modelApi, {
      ...endpoint,
      files,
      ids,
      log,
      dropsHostedTools,
      showsReasoning: config.showReasoning,
    }),
    dropsHostedTools,
    files,
    fileOwner,
    fileLimits: { maxFileBytes: config.maxFile, maxStorageBytes: config.maxFileStorage },
    clock: sharedClock,
    embeddings,
    ...(clock === systemClock &&
      config.database !== inMemory && { leaseKeeper: createLeaseKeeper(config.database, log) }),
    ids,
    log,
    runLifetime: config.runLifetime,
    modelTimeout: config.modelTimeout,
    concurrency: config.concurrency,
    ...(observer && { observer }),
    modelFor: (name) => config.model ?? config.modelMap.get(name) ?? name,
  });
  const fetch = withUpstreamFiles(engine, modelEndpoint, endpointFetch);
  return { engine, fetch, openai: createClient({ fetch }) };
}

export interface StartOptions extends EmbeddedEngineOptions {
  readonly config: EngineConfig & Pick<Config, 'readOnly'>;
}

/** Creates an engine and starts its worker, unless it is read-only: a worker changes runs. */
export async function startEmbeddedEngine(options: StartOptions): Promise<EmbeddedEngine> {
  const embedded = await createEmbeddedEngine(options);
  if (!options.config.readOnly) embedded.engine.start();
  return embedded;
}
