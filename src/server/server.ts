import type { McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import type { Clock } from '../shared/clock.ts';
import type { Ids } from '../shared/ids.ts';
import type { Config } from '../config/config.ts';
import { type EmbeddedEngine, startEmbeddedEngine } from '../backend/embedded-engine.ts';
import type { Log } from '../shared/log.ts';
import { createHttpHandler } from '../mcp/http.ts';
import { resolveModelEndpoint } from '../backend/model-endpoint.ts';
import { createRequestHandler } from './request-handler.ts';
import { listen } from './listener.ts';
import { createUpstreamProxy, type UpstreamProxy } from './upstream-proxy.ts';
import { isModelEndpointPath } from './routes.ts';
import { createMonitoring, type Monitoring } from './monitoring.ts';
import { errorMessage } from '../shared/errors.ts';
import { createRequestContext, type RequestContext } from './request-context.ts';
import { errors } from '../engine/http/errors.ts';

/** What an MCP server here works with. */
export interface McpServerDeps {
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
  readonly serverFactory: (parts: McpServerDeps) => () => McpServer;
}

/** Milliseconds that are given, one after the other, when the program ends. */
const shutdownTimeouts = { answers: 3500, runs: 1500, lastWords: 500 };

const unavailableProxy =
  (reason: string): UpstreamProxy =>
  async ({ method, url }) => {
    const { pathname } = new URL(url);
    throw isModelEndpointPath(pathname)
      ? errors.unsupportedEndpoint(method, pathname, reason)
      : errors.unknownUrl(method, pathname);
  };

function chooseUpstreamProxy(config: Config, ids: Ids): UpstreamProxy {
  const endpoint = resolveModelEndpoint(config);
  if ('reason' in endpoint) return unavailableProxy(endpoint.reason);
  return createUpstreamProxy({ ...endpoint, name: `assistants-mcp-${ids.newRequestId()}` });
}

/** The engine and the MCP server behind one front, which reaches both in this process. */
function assemble(
  options: ServeOptions,
  { engine, openai }: EmbeddedEngine,
  {
    requestContext,
    monitoring,
    closing,
  }: { requestContext: RequestContext; monitoring: Monitoring; closing: AbortSignal },
) {
  const { config, clock, ids, serverFactory } = options;
  const { log } = requestContext;
  const mcp = createHttpHandler(serverFactory({ openai, log, closing }), log);
  const front = createRequestHandler({
    rules: config,
    engine,
    mcp: (request) => mcp.fetch(request),
    upstream: chooseUpstreamProxy(config, ids),
    ...monitoring.endpointsFor(engine),
    httpMetrics: monitoring.httpMetrics,
    requestContext: requestContext,
    clock,
  });
  return { front, mcp };
}

/** What listens, until it is stopped. */
export interface RunningServer {
  /** Without a path. */
  readonly url: string;
  /** Lets answers and then runs end, each for a while, and closes the database. */
  stop(): Promise<void>;
}

/**
 * Puts the API at `/v1` and MCP at `/mcp` on one listener. Throws a DatabaseError, or an Error with
 * a sentence when the address cannot be had.
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { config, clock, ids, log, version } = options;
  const requestContext = createRequestContext({ ids, log });
  const monitoring = createMonitoring(clock, version);
  const { observer } = monitoring;
  const within = { config, clock, ids: requestContext.ids, log: requestContext.log };
  const embedded = await startEmbeddedEngine({ ...within, observer });
  const { engine } = embedded;
  const closing = new AbortController();
  const { front, mcp } = assemble(options, embedded, {
    requestContext: requestContext,
    monitoring: monitoring,
    closing: closing.signal,
  });
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
      await Promise.race([closed, clock.sleep(shutdownTimeouts.answers, quiet.signal)]);
      await mcp.close();
      // Streams of runs that go on later are told so here.
      await engine.stop(shutdownTimeouts.runs);
      await Promise.race([closed, clock.sleep(shutdownTimeouts.lastWords, quiet.signal)]);
      listener.closeAll();
      await closed;
    },
  };
}

/** Serves until the program is asked to end; resolves to its exit code. */
export async function runServer(
  options: ServeOptions,
  interrupted: Promise<void>,
): Promise<number> {
  const { log } = options;
  try {
    const serving = await startServer(options);
    log.info('Listening.', { rest: `${serving.url}/v1`, mcp: `${serving.url}/mcp` });
    await interrupted;
    log.info('Stopping.');
    await serving.stop();
    return 0;
  } catch (error) {
    log.error(errorMessage(error));
    return 1;
  }
}
