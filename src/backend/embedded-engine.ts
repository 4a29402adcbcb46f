import type OpenAI from 'openai';
import { preferLocalImages } from '../engine/runs/generated-files.ts';
import { createEngine, type Engine, type Observer } from '../engine/index.ts';
import { createAutoModel } from '../engine/models/auto-detect.ts';
import { type ChatOptions, createChatModel } from '../engine/models/chat/model.ts';
import { createEndpointFiles } from '../engine/models/endpoint-files.ts';
import type { Model } from '../engine/models/model.ts';
import { createResponsesModel } from '../engine/models/responses/model.ts';
import { createScriptedModel } from '../engine/models/scripted.ts';
import { openDatabase } from '../engine/store/open.ts';
import { withUpstreamFiles } from './files-proxy.ts';
import { resolveModelEndpoint } from './model-endpoint.ts';
import { createClient } from './openai-client.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../shared/clock.ts';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';

export interface EmbeddedEngine {
  readonly engine: Engine;
  readonly openai: OpenAI;
}

const models = {
  auto: createAutoModel,
  responses: createResponsesModel,
  chat: createChatModel,
  scripted: ({ ids }) => createScriptedModel(ids),
} satisfies Record<string, (options: ChatOptions) => Model>;

/**
 * Opens the database, starts the engine on it and connects a client; loaded only when the first
 * of them is needed. Throws a DatabaseError when the database cannot be opened.
 */
export async function startEmbeddedEngine(
  options: BackendOptions & { readonly observer?: Observer },
): Promise<EmbeddedEngine> {
  const { config, clock, ids, log, observer } = options;
  const { apiKey, modelBaseUrl: baseURL } = config;
  const endpoint = { apiKey, baseURL, secrets: apiKey === null ? [] : [apiKey] };
  const modelEndpoint = resolveModelEndpoint(config);
  const db = await openDatabase(config.database);
  const files =
    'reason' in modelEndpoint ? null : preferLocalImages(createEndpointFiles(endpoint), db);
  const engine = createEngine({
    db,
    model: models[config.modelApi]({ ...endpoint, files, ids }),
    files,
    clock,
    ids,
    log,
    runLifetime: config.runLifetime,
    concurrency: config.concurrency,
    ...(observer && { observer }),
    modelFor: (named) => config.model ?? config.modelMap.get(named) ?? named,
  });
  engine.start();
  const fetch = withUpstreamFiles(engine, modelEndpoint);
  return { engine, openai: createClient({ fetch }) };
}

export interface BackendOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
}
