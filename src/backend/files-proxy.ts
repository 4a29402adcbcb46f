import type { Engine } from '../engine/index.ts';
import type { ModelEndpoint } from './model-endpoint.ts';
import { routeTarget } from '../server/routes.ts';
import { connectionErrorReason } from '../shared/errors.ts';
import { Refusal, serverErrors } from '../server/errors.ts';

type Handler = (request: Request) => Promise<Response>;

const idIn = (path: string): string => decodeURIComponent(path.split('/')[3] ?? '');

async function forward(request: Request, endpoint: ModelEndpoint, fetch: typeof globalThis.fetch) {
  const { method, url, signal } = request;
  const { pathname, search } = new URL(url);
  // An id may be any text, and `..%2f` a way to what is no file.
  if (routeTarget(pathname) !== 'upstream') throw serverErrors.noFile(idIn(pathname));
  if ('reason' in endpoint)
    throw serverErrors.unsupportedEndpoint(method, pathname, endpoint.reason);
  const headers = new Headers(request.headers);
  headers.delete('authorization');
  if (endpoint.apiKey !== null) headers.set('authorization', `Bearer ${endpoint.apiKey}`);
  const target = endpoint.baseURL.replace(/\/+$/u, '') + pathname.slice('/v1'.length) + search;
  const body = request.body === null ? null : await request.arrayBuffer();
  try {
    return await fetch(target, { method, headers, body, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw serverErrors.unreachable(connectionErrorReason(error));
  }
}

/**
 * What the client in this process asks: files are the model endpoint's, with the server's own key
 * and never the caller's, but for those of which there are copies; everything else is the engine's.
 */
export const withUpstreamFiles =
  (
    engine: Pick<Engine, 'fetch' | 'ownsFile'>,
    endpoint: ModelEndpoint,
    fetch = globalThis.fetch,
  ): Handler =>
  async (request) => {
    if (!/^\/v1\/files(?:\/|$)/u.test(new URL(request.url).pathname)) return engine.fetch(request);
    if (await engine.ownsFile(request)) return engine.fetch(request);
    try {
      return await forward(request, endpoint, fetch);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, headers } = error;
      return Response.json(error, { status, headers });
    }
  };
