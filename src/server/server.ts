import type { McpRequestContext, McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import { type EmbeddedEngine, startEmbeddedEngine } from '../backend/embedded-engine.ts';
import { resolveModelEndpoint } from '../backend/model-endpoint.ts';
import type { Config } from '../config/config.ts';
import { narrowToolFilter, type ToolFilter } from '../config/tool-filter.ts';
import { errors } from '../engine/http/errors.ts';
import { createHttpHandler } from '../mcp/http.ts';
import type { Clock } from '../shared/clock.ts';
import { errorMessage } from '../shared/errors.ts';
import type { Ids } from '../shared/ids.ts';
import type { Log } from '../shared/log.ts';
import { createFailedLogins } from './failed-logins.ts';
import { isLoopback } from '../shared/urls.ts';
import { listen } from './listener.ts';
import { createMonitoring, type Monitoring } from './monitoring.ts';
import { createPage } from './page.ts';
import { createRequestContext, type RequestContext } from './request-context.ts';
import { createRequestHandler } from './request-handler.ts';
import { isModelEndpointPath } from './routes.ts';
import { loadTls, reloadTls, tlsFilesOf } from './tls-reload.ts';
import { createUpstreamProxy, type UpstreamProxy } from './upstream-proxy.ts';

/** What the MCP servers of this process share. */
export interface McpServerDeps {
  readonly openai: OpenAI;
  readonly log: Log;
  /** Aborts when the server starts to shut down. */
  readonly closing: AbortSignal;
}

export interface ServeOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** The program's version. */
  readonly version: string;
  /** Returns a function that creates one MCP server per request, with the tools of a filter. */
  readonly serverFactory: (
    deps: McpServerDeps,
  ) => (filter: ToolFilter, era: McpRequestContext['era']) => McpServer;
  /** Registers what reads the TLS certificate again; called only for a server with TLS. */
  readonly onReload: (reload: () => Promise<void>) => void;
}

/** How long each step of a shutdown may take, in milliseconds and in this order. */
export const shutdownTimeoutsMs = { responses: 3500, runs: 1500, lastEvents: 500 };

/** Rejects every request: a 501 with the reason, or a 404 for paths that no model endpoint has. */
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
  if ('unavailable' in endpoint) return unavailableProxy(endpoint.unavailable);
  return createUpstreamProxy({ ...endpoint, name: `assistants-mcp-${ids.newRequestId()}` });
}

interface HandlerDeps {
  readonly requestContext: RequestContext;
  readonly monitoring: Monitoring;
  readonly closing: AbortSignal;
}

/** Creates the handlers of all HTTP requests and, among them, of MCP. */
function createHandlers(
  { config, clock, ids, version, serverFactory }: ServeOptions,
  { engine, openai }: EmbeddedEngine,
  { requestContext, monitoring, closing }: HandlerDeps,
) {
  const { log } = requestContext;
  const createMcpServer = serverFactory({ openai, log, closing });
  const filterOf = (url: URL) => narrowToolFilter(config, url.searchParams);
  const mcp = createHttpHandler((url, era) => createMcpServer(filterOf(url), era), log);
  const handler = createRequestHandler({
    rules: config,
    readOnly: config.readOnly,
    maxBodyBytes: config.maxBody,
    engine,
    async mcp(request) {
      // The MCP handler has no response for an invalid query.
      filterOf(new URL(request.url));
      return mcp.fetch(request);
    },
    upstream: chooseUpstreamProxy(config, ids),
    page: createPage({
      readOnly: config.readOnly,
      modelApi: config.modelApi,
      version,
      isPublic: isLoopback(config.host),
    }),
    ...monitoring.endpointsFor(engine),
    httpMetrics: monitoring.httpMetrics,
    failedLogins: createFailedLogins(clock),
    requestContext,
    clock,
  });
  return { handler, mcp };
}

export interface RunningServer {
  /** The base URL, without a path. */
  readonly url: string;
  /** Lets responses and then runs finish, each within its timeout, and closes the database. */
  stop(): Promise<void>;
}

/**
 * Serves the API at `/v1` and MCP at `/mcp` on one port. Rejects with a DatabaseError, or with an
 * Error for people when the server cannot listen on the address.
 */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { config, clock, ids, log, version } = options;
  const { host, port } = config;
  const tlsFiles = tlsFilesOf(config);
  const tls = tlsFiles === null ? null : await loadTls(tlsFiles, options);
  const requestContext = createRequestContext(options);
  const monitoring = createMonitoring(clock, version);
  const embedded = await startEmbeddedEngine({
    config,
    clock,
    ids: requestContext.ids,
    log: requestContext.log,
    observer: monitoring.observer,
  });
  const { engine } = embedded;
  const closing = new AbortController();
  const deps = { requestContext, monitoring, closing: closing.signal };
  const { handler, mcp } = createHandlers(options, embedded, deps);
  const listening = listen(handler, { host, port, tls, ids, log });
  const listener = await listening.catch(async (error: unknown) => {
    await engine.stop(0);
    throw error;
  });
  if (tlsFiles !== null) options.onReload(reloadTls(tlsFiles, listener, options));
  return {
    url: listener.url,
    async stop() {
      closing.abort();
      engine.refuseWaiting();
      const allClosed = new AbortController();
      const closed = listener.close().then(() => allClosed.abort());
      await clock.sleep(shutdownTimeoutsMs.responses, allClosed.signal);
      await mcp.close();
      // Streams of unfinished runs end here with an event that says so.
      await engine.stop(shutdownTimeoutsMs.runs);
      await clock.sleep(shutdownTimeoutsMs.lastEvents, allClosed.signal);
      listener.closeAll();
      await closed;
    },
  };
}

/** Runs the server until `interrupted` resolves; resolves to the exit code of the program. */
export async function runServer(
  options: ServeOptions,
  interrupted: Promise<void>,
): Promise<number> {
  const { log } = options;
  try {
    const server = await startServer(options);
    log.info('listening', { rest: `${server.url}/v1`, mcp: `${server.url}/mcp` });
    await interrupted;
    log.info('stopping');
    await server.stop();
    return 0;
  } catch (error) {
    log.error(errorMessage(error));
    return 1;
  }
}
