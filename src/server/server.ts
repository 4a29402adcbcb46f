import type { McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import type { Clock, Ids } from '../shared/clock.ts';
import type { Config } from '../config/config.ts';
import { type Embedded, startEmbedded } from '../backend/embedded-engine.ts';
import type { Log } from '../shared/log.ts';
import { createHttpHandler } from '../mcp/http.ts';
import { modelEndpoint } from '../backend/model-endpoint.ts';
import { createFront } from './request-handler.ts';
import { listen } from './listener.ts';
import { createPassThrough, type PassThrough } from './upstream-proxy.ts';
import { isOfModels } from './routes.ts';
import { refusals } from './errors.ts';
import { createSight, type Sight } from './sight.ts';
import { createScope, type Scope } from './request-context.ts';

/** What an MCP server here works with. */
export interface Parts {
  readonly openai: OpenAI;
  readonly log: Log;
  /** Aborts when no more is taken. */
  readonly closing: AbortSignal;
}

export interface ServeOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** The program's. */
  readonly version: string;
  /** How the MCP servers come to be, of which there is one for each request. */
  readonly serverFactory: (parts: Parts) => () => McpServer;
}

/** Milliseconds that are given, one after the other, when the program ends. */
const grace = { answers: 3500, runs: 1500, lastWords: 500 };

const refuseWith =
  (reason: string): PassThrough =>
  async ({ method, url }) => {
    const { pathname } = new URL(url);
    throw isOfModels(pathname)
      ? refusals.notPassedOn(method, pathname, reason)
      : refusals.unknownUrl(method, pathname);
  };

function choosePassThrough(config: Config, ids: Ids): PassThrough {
  const endpoint = modelEndpoint(config);
  if ('reason' in endpoint) return refuseWith(endpoint.reason);
  return createPassThrough({ ...endpoint, name: `assistants-mcp-${ids.request()}` });
}

/** The engine and the MCP server behind one front, which reaches both in this process. */
function assemble(
  options: ServeOptions,
  { engine, openai }: Embedded,
  { scope, sight, closing }: { scope: Scope; sight: Sight; closing: AbortSignal },
) {
  const { config, clock, ids, serverFactory } = options;
  const { log } = scope;
  const mcp = createHttpHandler(serverFactory({ openai, log, closing }), log);
  const front = createFront({
    rules: config,
    engine,
    mcp: (request) => mcp.fetch(request),
    upstream: choosePassThrough(config, ids),
    ...sight.look(engine),
    traffic: sight.traffic,
    scope,
    clock,
  });
  return { front, mcp };
}

/** What listens, until it is stopped. */
export interface Serving {
  /** Without a path. */
  readonly url: string;
  /** Lets answers and then runs end, each for a while, and closes the database. */
  stop(): Promise<void>;
}

/**
 * Puts the API at `/v1` and MCP at `/mcp` on one listener. Throws a DatabaseError, or an Error with
 * a sentence when the address cannot be had.
 */
export async function startServing(options: ServeOptions): Promise<Serving> {
  const { config, clock, ids, log, version } = options;
  const scope = createScope({ ids, log });
  const sight = createSight(clock, version);
  const { observer } = sight;
  const within = { config, clock, ids: scope.ids, log: scope.log };
  const embedded = await startEmbedded({ ...within, observer });
  const { engine } = embedded;
  const closing = new AbortController();
  const { front, mcp } = assemble(options, embedded, { scope, sight, closing: closing.signal });
  const listener = await listen(front, { host: config.host, port: config.port, ids }).catch(
    async (error: unknown) => {
      await engine.stop(0);
      throw error;
    },
  );
  return {
    url: listener.url,
    async stop() {
      closing.abort();
      const quiet = new AbortController();
      const closed = listener.close().then(() => quiet.abort());
      await Promise.race([closed, clock.sleep(grace.answers, quiet.signal)]);
      await mcp.close();
      // Streams of runs that go on later are told so here.
      await engine.stop(grace.runs);
      await Promise.race([closed, clock.sleep(grace.lastWords, quiet.signal)]);
      listener.cut();
      await closed;
    },
  };
}

/** Serves until the program is asked to end; resolves to its exit code. */
export async function serve(options: ServeOptions, interrupted: Promise<void>): Promise<number> {
  const { log } = options;
  try {
    const serving = await startServing(options);
    log.info('Listening.', { rest: `${serving.url}/v1`, mcp: `${serving.url}/mcp` });
    await interrupted;
    log.info('Stopping.');
    await serving.stop();
    return 0;
  } catch (error) {
    log.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}
