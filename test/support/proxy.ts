import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { startEndpoint } from '../e2e/endpoint.ts';
import { type RunningServe, type ServeOptions, startServe } from './serve.ts';

export const serverKey = 'sk-server-1234567890abcdef';

export interface ProxySetup {
  readonly served: RunningServe;
  /** The requests that the model endpoint received. */
  readonly requests: IncomingMessage[];
  /** The model endpoint's first response, which the test may write. */
  readonly firstResponse: Promise<ServerResponse>;
}

/** Starts `serve` in front of a model endpoint that responds as `listener` does. */
export async function startProxy(
  listener: RequestListener,
  { env = {}, ...options }: ServeOptions = {},
): Promise<ProxySetup> {
  const requests: IncomingMessage[] = [];
  const { promise: firstResponse, resolve } = Promise.withResolvers<ServerResponse>();
  const OPENAI_BASE_URL = await startEndpoint((request, response) => {
    requests.push(request);
    resolve(response);
    listener(request, response);
  });
  const served = await startServe({
    ...options,
    // The endpoint is not asked whether it has files.
    env: { OPENAI_API_KEY: serverKey, OPENAI_BASE_URL, ASSISTANTS_FILES: 'endpoint', ...env },
  });
  return { served, requests, firstResponse };
}

export const respondJson =
  (body: unknown, status = 200, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
