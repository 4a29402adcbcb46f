import { errors } from '../engine/http/errors.ts';
import { apiOwner, upstreamUrl } from '../engine/http/paths.ts';
import type { Engine } from '../engine/index.ts';
import { ApiError } from '../shared/errors.ts';
import { JsonRequest } from '../shared/json-request.ts';
import { sdkFetchWithinOrigin } from '../shared/same-origin-fetch.ts';
import {
  endpointAuthorization,
  endpointUnreachable,
  type ModelEndpoint,
  type NoModelEndpoint,
} from './model-endpoint.ts';

type Fetch = typeof globalThis.fetch;

const fileIdFrom = (path: string): string => decodeURIComponent(path.split('/')[3] ?? '');

/** The SDK's JSON is not in the body of its request. */
async function bodyOf(request: Request): Promise<string | ArrayBuffer | null> {
  if (request instanceof JsonRequest) return (await request.text()) || null;
  return request.body === null ? null : request.arrayBuffer();
}

async function forward(
  request: Request,
  endpoint: ModelEndpoint | NoModelEndpoint,
  fetch: Fetch,
): Promise<Response> {
  const { method, signal } = request;
  const url = new URL(request.url);
  const { pathname } = url;
  // A file id can be any text: `..%2f` would leave `/v1/files`.
  if (apiOwner(pathname) !== 'upstream') throw errors.fileNotFound(fileIdFrom(pathname));
  if ('unavailable' in endpoint) {
    throw errors.unsupportedEndpoint(method, pathname, endpoint.unavailable);
  }
  const target = upstreamUrl(endpoint.baseURL, url);
  if (target === null) throw errors.fileNotFound(fileIdFrom(pathname));
  const { authorization: _clientKey, ...others } = Object.fromEntries(request.headers);
  const headers = { ...others, ...endpointAuthorization(endpoint) };
  const body = await bodyOf(request);
  try {
    const follow = sdkFetchWithinOrigin(fetch, 'OPENAI_BASE_URL');
    return await follow(target, { method, headers, body, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw endpointUnreachable(error);
  }
}

const endpointPaths = /^\/v1\/(?:(?:files|uploads|vector_stores)(?:\/|$)|models$)/u;

/**
 * Wraps the engine for the client in this process: forwards `/v1/files`, `/v1/uploads`,
 * `/v1/vector_stores` and `/v1/models` to the model endpoint, except for what the database keeps.
 */
export const withUpstreamFiles =
  (
    engine: Pick<Engine, 'fetch' | 'owns'>,
    endpoint: ModelEndpoint | NoModelEndpoint,
    fetch: Fetch = globalThis.fetch,
  ): ((request: Request) => Promise<Response>) =>
  async (request) => {
    if (!endpointPaths.test(new URL(request.url).pathname)) return engine.fetch(request);
    if (await engine.owns(request)) return engine.fetch(request);
    try {
      return await forward(request, endpoint, fetch);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.toResponse();
    }
  };
