import type OpenAI from 'openai';
import type { Config } from '../config/config.ts';
import type { EmbeddedEngine, EmbeddedEngineOptions } from './embedded-engine.ts';
import { errorMessage } from '../shared/errors.ts';

/** What the tools work on: the engine in this process, or a server somewhere else. */
export interface Backend {
  /**
   * The SDK's client for it. Nothing is loaded or opened before the first call; one that fails
   * (an Error with a sentence for people) is tried afresh by the next.
   */
  client(): Promise<OpenAI>;
  /** Takes up at once the runs that an earlier process left behind, if there are any; never rejects. */
  resume(): Promise<void>;
  /** Lets running runs finish for at most `graceMs` milliseconds and closes the database. */
  stop(graceMs: number): Promise<void>;
}

export interface BackendOptions extends EmbeddedEngineOptions {
  readonly config: Config;
}

function createRemoteBackend(config: Config, baseURL: string): Backend {
  const connect = async () => {
    const { createClient } = await import('./openai-client.ts');
    return createClient({ baseURL, apiKey: config.apiKey, apiVersion: config.apiVersion });
  };
  let client: Promise<OpenAI> | undefined;
  return {
    client: () => (client ??= connect()),
    resume: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

function createEmbeddedBackend(options: BackendOptions): Backend {
  const { config, log } = options;
  let embedded: Promise<EmbeddedEngine> | undefined;
  const start = async () => {
    try {
      const { startEmbeddedEngine } = await import('./embedded-engine.ts');
      return await startEmbeddedEngine(options);
    } catch (error) {
      embedded = undefined;
      log.error(errorMessage(error));
      throw error;
    }
  };
  const ready = () => (embedded ??= start());
  return {
    client: async () => (await ready()).openai,
    async resume() {
      const { hasUnfinishedRuns } = await import('../engine/store/sqlite/unfinished-runs.ts');
      if (await hasUnfinishedRuns(config.database)) await ready().catch(() => undefined);
    },
    async stop(graceMs) {
      const running = await embedded?.catch(() => undefined);
      await running?.engine.stop(graceMs);
    },
  };
}

/** Remote when a server is configured, else the engine. */
export const createBackend = (options: BackendOptions): Backend =>
  options.config.baseUrl === null
    ? createEmbeddedBackend(options)
    : createRemoteBackend(options.config, options.config.baseUrl);
