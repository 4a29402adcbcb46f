import type { IncomingMessage } from 'node:http';
import type { Clock } from '../clock.ts';
import { type AccessRules, checkHost, checkOrigin, checkToken } from './access.ts';
import { readBody } from './body.ts';
import { answerPreflight, crossOriginHeaders } from './cors.ts';
import type { PassThrough } from './pass-through.ts';
import { placeOf } from './place.ts';
import { Refusal, refusals } from './refusal.ts';
import type { Scope } from './scope.ts';

/** Answers a request that has its whole body with it. */
type Handler = (request: Request) => Promise<Response>;

interface FrontOptions {
  readonly rules: AccessRules;
  readonly engine: Handler;
  readonly mcp: Handler;
  readonly upstream: PassThrough;
  readonly scope: Scope;
  readonly clock: Clock;
}

/** A request, and Node's own view of it. */
export type Front = (request: Request, incoming: IncomingMessage) => Promise<Response>;

const bodiless = new Set(['GET', 'HEAD']);
const methods = new Set([...bodiless, 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The same request in the platform's own class, its body read. */
async function complete(request: Request, incoming: IncomingMessage, clock: Clock) {
  const { url, method, headers, signal } = request;
  const body = bodiless.has(method) ? null : await readBody(incoming, clock);
  return new Request(url, { method, headers: [...headers], body, signal });
}

/** Lets a request in, or throws why not, and hands it to whoever answers its path. */
async function dispatch(
  request: Request,
  incoming: IncomingMessage,
  { rules, engine, mcp, upstream, clock }: FrontOptions,
): Promise<Response> {
  checkHost(request, incoming.socket.localAddress ?? '', rules);
  checkOrigin(request, rules);
  const preflight = answerPreflight(request, rules);
  if (preflight !== null) return preflight;
  checkToken(request, rules);
  const { method } = request;
  const { pathname } = new URL(request.url);
  if (!methods.has(method)) throw refusals.wrongMethod(method, pathname);
  switch (placeOf(pathname)) {
    case 'engine':
      return engine(await complete(request, incoming, clock));
    case 'mcp':
      return mcp(await complete(request, incoming, clock));
    case 'upstream':
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
function breakable(response: Response, incoming: IncomingMessage, scope: Scope): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        scope.log.warn('An answer broke off.', { error: String(error) });
        incoming.socket.destroy();
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, response);
}

const requestIdHeader = 'x-request-id';

/** What every request to the listener goes through; never rejects. */
export function createFront(options: FrontOptions): Front {
  const { rules, scope, clock } = options;
  const answer = async (request: Request, incoming: IncomingMessage): Promise<Response> => {
    try {
      return breakable(await dispatch(request, incoming, options), incoming, scope);
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
      const response = await answer(request, incoming);
      const { status, headers } = response;
      // The model endpoint's support knows its own ids alone.
      const told = headers.get(requestIdHeader) ?? id;
      headers.set(requestIdHeader, told);
      // Whether it stays open is for the listener to say, which may be about to close.
      if (headers.get('connection') === 'keep-alive') headers.delete('connection');
      for (const [name, value] of crossOriginHeaders(request, rules)) headers.append(name, value);
      const { method, url } = request;
      const facts = { method, path: new URL(url).pathname, status, ms: clock.now() - start };
      scope.log.debug('answered', told === id ? facts : { ...facts, upstream_request_id: told });
      return response;
    });
}
