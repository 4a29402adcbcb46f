import type { IncomingMessage } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import type { Engine } from '../engine/index.ts';
import { type AccessRules, checkHost, checkOrigin, checkToken, type Visit } from './access.ts';
import { readBody } from './body.ts';
import { answerPreflight, crossOriginHeaders } from './cors.ts';
import type { PassThrough } from './upstream-proxy.ts';
import type { Traffic } from './metrics.ts';
import { type Place, placeOf, routeOf } from './routes.ts';
import { Refusal, refusals } from './errors.ts';
import type { Scope } from './request-context.ts';

/** Answers a request that has its whole body with it. */
type Handler = (request: Request) => Promise<Response>;

interface FrontOptions {
  readonly rules: AccessRules;
  readonly engine: Pick<Engine, 'fetch' | 'keeps'>;
  readonly mcp: Handler;
  readonly upstream: PassThrough;
  readonly health: () => Promise<Response>;
  readonly metrics: () => Promise<Response>;
  readonly traffic: Traffic;
  readonly scope: Scope;
  readonly clock: Clock;
}

/** A request, and Node's own view of it. */
export type Front = (request: Request, incoming: IncomingMessage) => Promise<Response>;

const bodiless = new Set(['GET', 'HEAD']);
const methods = new Set([...bodiless, 'POST', 'PUT', 'PATCH', 'DELETE']);

const methodsOf = (place: Place): ReadonlySet<string> =>
  place === 'health' || place === 'metrics' ? bodiless : methods;

const bodyOf = async ({ request, incoming }: Visit, clock: Clock) =>
  bodiless.has(request.method) ? null : readBody(incoming, clock);

/** The request as the engine needs it, which looks at no header. */
const plain = async (visit: Visit, clock: Clock): Promise<Request> =>
  new Request(visit.url, { method: visit.request.method, body: await bodyOf(visit, clock) });

/** The same request in the platform's own class, its body read. */
async function complete(visit: Visit, clock: Clock): Promise<Request> {
  const { method, headers, signal } = visit.request;
  const body = await bodyOf(visit, clock);
  return new Request(visit.url, { method, headers: [...headers], body, signal });
}

/** Lets a request in, or throws why not, and hands it to whoever answers its path. */
async function dispatch(
  visit: Visit,
  { rules, engine, mcp, upstream, health, metrics, clock }: FrontOptions,
): Promise<Response> {
  const { request, url, incoming } = visit;
  checkHost(visit, rules);
  checkOrigin(request, rules);
  const preflight = answerPreflight(request, rules);
  if (preflight !== null) return preflight;
  checkToken(request, rules);
  const { method } = request;
  const { pathname } = url;
  const place = placeOf(pathname);
  const allowed = methodsOf(place);
  if (!allowed.has(method)) throw refusals.wrongMethod(method, pathname, allowed);
  switch (place) {
    case 'health':
      return health();
    case 'metrics':
      return metrics();
    case 'engine':
      return engine.fetch(await plain(visit, clock));
    case 'mcp':
      return mcp(await complete(visit, clock));
    case 'upstream':
      if (await engine.keeps(request)) {
        return engine.fetch(await plain(visit, clock));
      }
      return upstream(request, incoming);
    case 'nowhere':
      throw refusals.unknownUrl(method, pathname);
  }
}

const refuse = (refusal: Refusal): Response =>
  Response.json(refusal, { status: refusal.status, headers: refusal.headers });

/**
 * A body that fails on the way takes the connection with it, so that nobody takes what came for the
 * whole.
 */
function breakable(
  response: Response,
  incoming: IncomingMessage,
  { scope, traffic }: FrontOptions,
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
export function createFront(options: FrontOptions): Front {
  const { rules, scope, clock, traffic } = options;
  const answer = async (visit: Visit): Promise<Response> => {
    try {
      return breakable(await dispatch(visit, options), visit.incoming, options);
    } catch (error) {
      if (error instanceof Refusal) {
        scope.log.info(error.message, { status: error.status });
        return refuse(error);
      }
      scope.log.error('request failed', { error });
      return refuse(refusals.fault());
    }
  };
  return (request, incoming) =>
    scope.enter(async (id) => {
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
      traffic.answered(routeOf(path), status);
      const facts = { method, path, status, ms: clock.now() - start };
      scope.log.debug('answered', told === id ? facts : { ...facts, upstream_request_id: told });
      return response;
    });
}
