import type { IncomingMessage } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import type { Engine } from '../engine/index.ts';
import {
  type AccessRules,
  checkHost,
  checkOrigin,
  checkToken,
  type IncomingCall,
} from './access.ts';
import { readBody } from './body.ts';
import { answerPreflight, crossOriginHeaders } from './access.ts';
import type { UpstreamProxy } from './upstream-proxy.ts';
import type { HttpMetrics } from './metrics.ts';
import { type RouteTarget, routeTarget, metricsRoute } from './routes.ts';
import type { RequestContext } from './request-context.ts';
import { errors } from '../engine/http/errors.ts';
import { ApiError } from '../shared/errors.ts';
import { serverErrors } from './errors.ts';

/** Answers a request that has its whole body with it. */
type Handler = (request: Request) => Promise<Response>;

interface RequestHandlerOptions {
  readonly rules: AccessRules;
  readonly engine: Pick<Engine, 'fetch' | 'ownsFile'>;
  readonly mcp: Handler;
  readonly upstream: UpstreamProxy;
  readonly health: () => Promise<Response>;
  readonly metrics: () => Promise<Response>;
  readonly httpMetrics: HttpMetrics;
  readonly requestContext: RequestContext;
  readonly clock: Clock;
}

/** A request, and Node's own view of it. */
export type RequestHandler = (request: Request, incoming: IncomingMessage) => Promise<Response>;

const bodiless = new Set(['GET', 'HEAD']);
const methods = new Set([...bodiless, 'POST', 'PUT', 'PATCH', 'DELETE']);

const methodsOf = (place: RouteTarget): ReadonlySet<string> =>
  place === 'health' || place === 'metrics' ? bodiless : methods;

const bodyOf = async ({ request, incoming }: IncomingCall, clock: Clock) =>
  bodiless.has(request.method) ? null : readBody(incoming, clock);

/** The request as the engine needs it, which looks at no header. */
const engineRequest = async (call: IncomingCall, clock: Clock): Promise<Request> =>
  new Request(call.url, { method: call.request.method, body: await bodyOf(call, clock) });

/** The same request in the platform's own class, its body read. */
async function fullRequest(call: IncomingCall, clock: Clock): Promise<Request> {
  const { method, headers, signal } = call.request;
  const body = await bodyOf(call, clock);
  return new Request(call.url, { method, headers: [...headers], body, signal });
}

/** Lets a request in, or throws why not, and hands it to whoever answers its path. */
async function dispatch(
  call: IncomingCall,
  { rules, engine, mcp, upstream, health, metrics, clock }: RequestHandlerOptions,
): Promise<Response> {
  const { request, url, incoming } = call;
  checkHost(call, rules);
  checkOrigin(request, rules);
  const preflight = answerPreflight(request, rules);
  if (preflight !== null) return preflight;
  checkToken(request, rules);
  const { method } = request;
  const { pathname } = url;
  const place = routeTarget(pathname);
  const allowed = methodsOf(place);
  if (!allowed.has(method)) throw serverErrors.wrongMethod(method, pathname, allowed);
  switch (place) {
    case 'health':
      return health();
    case 'metrics':
      return metrics();
    case 'engine':
      return engine.fetch(await engineRequest(call, clock));
    case 'mcp':
      return mcp(await fullRequest(call, clock));
    case 'upstream':
      if (await engine.ownsFile(request)) {
        return engine.fetch(await engineRequest(call, clock));
      }
      return upstream(request, incoming);
    case 'none':
      throw errors.unknownUrl(method, pathname);
  }
}

/**
 * A body that fails on the way takes the connection with it, so that nobody takes what came for the
 * whole.
 */
function abortOnStreamError(
  response: Response,
  incoming: IncomingMessage,
  { requestContext: scope, httpMetrics: traffic }: RequestHandlerOptions,
): Response {
  if (response.body === null) return response;
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const end = isStream ? traffic.streamOpened() : () => {};
  const reader = response.body.getReader();
  let isWanted = true;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        // A caller who has left has closed the controller.
        if (!isWanted) return;
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        if (!isWanted) return;
        end();
        scope.log.warn('An answer broke off.', { error: String(error) });
        incoming.socket.destroy();
        controller.close();
      }
    },
    cancel(reason) {
      isWanted = false;
      end();
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}

const requestIdHeader = 'x-request-id';

/** What every request to the listener goes through; never rejects. */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { rules, requestContext: scope, clock, httpMetrics: traffic } = options;
  const answer = async (call: IncomingCall): Promise<Response> => {
    try {
      return abortOnStreamError(await dispatch(call, options), call.incoming, options);
    } catch (error) {
      if (error instanceof ApiError) {
        scope.log.info(error.message, { status: error.status });
        return error.toResponse();
      }
      scope.log.error('request failed', { error });
      return errors.internal().toResponse();
    }
  };
  return (request, incoming) =>
    scope.run(async (id) => {
      const start = clock.now();
      const url = new URL(request.url);
      const response = await answer({ request, url, incoming });
      const { status, headers } = response;
      // The model endpoint's support knows its own ids alone.
      const told = headers.get(requestIdHeader) ?? id;
      headers.set(requestIdHeader, told);
      // Whether it stays open is for the listener to say, which may be about to close.
      if (headers.get('connection') === 'keep-alive') headers.delete('connection');
      for (const [name, value] of crossOriginHeaders(request, rules)) headers.append(name, value);
      const { method } = request;
      const { pathname: path } = url;
      traffic.requestFinished(metricsRoute(path), status);
      const facts = { method, path, status, ms: clock.now() - start };
      scope.log.debug('answered', told === id ? facts : { ...facts, upstream_request_id: told });
      return response;
    });
}
