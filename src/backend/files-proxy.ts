import type { Engine } from '../engine/index.ts';
import type { ModelEndpoint } from './model-endpoint.ts';
import { apiOwner, upstreamUrl } from '../engine/http/paths.ts';
import { ApiError, connectionErrorReason } from '../shared/errors.ts';
import { errors } from '../engine/http/errors.ts';

type Handler = (request: Request) => Promise<Response>;

const idIn = (path: string): string => decodeURIComponent(path.split('/')[3] ?? '');

async function forward(request: Request, endpoint: ModelEndpoint, fetch: typeof globalThis.fetch) {
  const { method, signal } = request;
  const url = new URL(request.url);
  const { pathname } = url;
  // An id may be any text, such as `..%2f`, which would lead out of the files.
  if (apiOwner(pathname) !== 'upstream') throw errors.noFile(idIn(pathname));
  if ('reason' in endpoint) throw errors.unsupportedEndpoint(method, pathname, endpoint.reason);
  const target = upstreamUrl(endpoint.baseURL, url);
  if (target === null) throw errors.noFile(idIn(pathname));
  const headers = new Headers(request.headers);
  headers.delete('authorization');
  if (endpoint.apiKey !== null) headers.set('authorization', `Bearer ${endpoint.apiKey}`);
  const body = request.body === null ? null : await request.arrayBuffer();
  try {
    return await fetch(target, { method, headers, body, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw errors.unreachable(connectionErrorReason(error));
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
      if (!(error instanceof ApiError)) throw error;
      return error.toResponse();
    }
  };
