import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { startEndpoint } from '../e2e/endpoint.ts';
import { type RunningServe, type ServeOptions, startServe } from './serve.ts';

export const serverKey = 'sk-server-1234567890abcdef';

export interface ProxySetup {
  readonly served: RunningServe;
  /** What the model endpoint was asked, as it saw it. */
  readonly asked: IncomingMessage[];
  /** Its first answer, which the test may be writing. */
  readonly answer: Promise<ServerResponse>;
}

/** A listener in front of a model endpoint that answers as the test says. */
export async function startProxy(
  listener: RequestListener,
  { env = {}, ...rest }: ServeOptions = {},
): Promise<ProxySetup> {
  const asked: IncomingMessage[] = [];
  const { promise: answer, resolve } = Promise.withResolvers<ServerResponse>();
  const OPENAI_BASE_URL = await startEndpoint((request, response) => {
    asked.push(request);
    resolve(response);
    listener(request, response);
  });
  const served = await startServe({
    ...rest,
    env: { OPENAI_API_KEY: serverKey, OPENAI_BASE_URL, ...env },
  });
  return { served, asked, answer };
}

export const respondJson =
  (body: unknown, status = 200, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
