import type OpenAI from 'openai';
import type { Config } from '../config/config.ts';
import { errorMessage } from '../shared/errors.ts';
import type { EmbeddedEngine, EmbeddedEngineOptions } from './embedded-engine.ts';

/** The server that the tools call: the engine in this process, or a remote one. */
export interface Backend {
  /**
   * The SDK client. The first call loads and opens what it needs; after a failure (an Error for
   * people) the next call tries again.
   */
  client(): Promise<OpenAI>;
  /** Starts the engine if it can resume unfinished runs of an earlier process; never rejects. */
  resume(): Promise<void>;
  /** Lets runs finish for at most `timeoutMs` and closes the database. */
  stop(timeoutMs: number): Promise<void>;
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
  const engine = () => (embedded ??= start());
  return {
    client: async () => (await engine()).openai,
    async resume() {
      if (config.readOnly) return;
      const { hasUnfinishedRuns } = await import('../engine/store/sqlite/unfinished-runs.ts');
      if (await hasUnfinishedRuns(config.database)) await engine().catch(() => undefined);
    },
    async stop(timeoutMs) {
      const started = await embedded?.catch(() => undefined);
      await started?.engine.stop(timeoutMs);
    },
  };
}

/** Creates a remote backend if a base URL is configured, else an embedded one. */
export const createBackend = (options: BackendOptions): Backend =>
  options.config.baseUrl === null
    ? createEmbeddedBackend(options)
    : createRemoteBackend(options.config, options.config.baseUrl);
