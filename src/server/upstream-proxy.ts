import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as httpRequest,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  endpointAuthorization,
  endpointUnreachable,
  type ModelEndpoint,
} from '../backend/model-endpoint.ts';
import { errors } from '../engine/http/errors.ts';
import { upstreamUrl } from '../engine/http/paths.ts';
import { ApiError } from '../shared/errors.ts';
import { maxBodyBytes, readChunks } from './body.ts';
import { serverErrors } from './errors.ts';

/** Forwards a request and returns the response; throws an ApiError. */
export type UpstreamProxy = (request: Request, incoming: IncomingMessage) => Promise<Response>;

interface Options extends ModelEndpoint {
  /** This server's unique name in the Via header. */
  readonly name: string;
}

const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Headers about the client and this server, which the model endpoint must not see. */
const strippedRequestHeaders = [
  'host',
  'expect',
  'authorization',
  'openai-organization',
  'openai-project',
  'cookie',
  'origin',
  'referer',
  'forwarded',
  'x-real-ip',
  'via',
];

/** Other headers in which clients send keys. */
const keyHeaders = /(?:^|-)(?:api-key|auth-token|subscription-key)$/u;

/** Headers that are about the model endpoint's host, not about this server. */
const strippedResponseHeaders = ['set-cookie', 'alt-svc', 'strict-transport-security', 'via'];

/** The headers except hop-by-hop ones, those named in `stripped` and those named in Connection. */
function forwardedHeaders(
  message: IncomingMessage,
  stripped: readonly string[],
): [string, string[]][] {
  const connection = (message.headers.connection ?? '').toLowerCase().split(/[\s,]+/u);
  const excluded = new Set([...hopByHop, ...stripped, ...connection]);
  const isForwarded = (name: string) =>
    !excluded.has(name) && !/^(?:access-control|x-forwarded)-/u.test(name);
  return Object.entries(message.headersDistinct)
    .filter(([name]) => isForwarded(name))
    .map(([name, values = []]) => [name, values]);
}

function requestHeaders(incoming: IncomingMessage, options: Options): OutgoingHttpHeaders {
  const { via, 'transfer-encoding': encoding } = incoming.headers;
  const forwarded = forwardedHeaders(incoming, strippedRequestHeaders).filter(
    ([name]) => !keyHeaders.test(name),
  );
  return {
    ...Object.fromEntries(forwarded),
    ...endpointAuthorization(options),
    ...(encoding !== undefined && { 'transfer-encoding': 'chunked' }),
    via: [...(via === undefined ? [] : [via]), `1.1 ${options.name}`].join(', '),
  };
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

interface ProxiedRequest {
  readonly method: string;
  /** The URL at the model endpoint. */
  readonly target: string;
  readonly baseURL: string;
}

const statusesWithoutBody = new Set([204, 205, 304]);

/** A Location header: a URL below the model endpoint's base URL becomes a path of this server. */
function rewriteLocation(location: string, { target, baseURL }: ProxiedRequest): string {
  const { href } = URL.parse(location, target) ?? { href: '' };
  const base = new URL(baseURL).href.replace(/\/+$/u, '');
  return href.startsWith(`${base}/`) ? `/v1${href.slice(base.length)}` : location;
}

function toResponse(message: IncomingMessage, request: ProxiedRequest): Response {
  const { statusCode: status = 502 } = message;
  const headers = forwardedHeaders(message, strippedResponseHeaders).flatMap(([name, values]) =>
    values.map((value): [string, string] => [
      name,
      name === 'location' ? rewriteLocation(value, request) : value,
    ]),
  );
  if (request.method !== 'HEAD' && !statusesWithoutBody.has(status)) {
    return new Response(Readable.toWeb(message), { status, headers });
  }
  message.resume();
  return new Response(null, { status, headers });
}

/** Sends the incoming body; resolves when the response's status and headers have arrived. */
function send(outgoing: ClientRequest, incoming: IncomingMessage): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.on('response', resolve).on('error', reject);
  outgoing.on('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new Error('it switched to another protocol'));
  });
  if (hasBody(incoming)) {
    pipeline(readChunks(incoming, maxBodyBytes.upload), outgoing).catch(reject);
  } else {
    outgoing.end();
  }
  return promise;
}

/** Whether the request failed on a reused connection and can safely be sent again. */
const canResend = ({ method, reusedSocket }: ClientRequest, incoming: IncomingMessage): boolean =>
  reusedSocket && (method === 'GET' || method === 'HEAD') && !hasBody(incoming);

/**
 * Creates a proxy to the model endpoint that sends the server's key and never the client's. Bodies
 * are streamed byte for byte in both directions, still encoded; redirects are left to the client.
 */
export function createUpstreamProxy(options: Options): UpstreamProxy {
  const { baseURL, name } = options;
  const createRequest = baseURL.startsWith('https:') ? httpsRequest : httpRequest;
  return async (request, incoming) => {
    if (incoming.headers.via?.includes(name) === true) throw serverErrors.proxyLoop();
    const { method, signal } = request;
    const url = new URL(request.url);
    const target = upstreamUrl(baseURL, url);
    if (target === null) throw errors.unknownUrl(method, url.pathname);
    const init = { method, signal, headers: requestHeaders(incoming, options) };
    const outgoing = createRequest(target, init);
    const response = send(outgoing, incoming).catch((error: unknown) => {
      if (signal.aborted || !canResend(outgoing, incoming)) throw error;
      return send(createRequest(target, { ...init, agent: false }), incoming);
    });
    try {
      return toResponse(await response, { method, target, baseURL });
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw signal.aborted ? serverErrors.clientClosed() : endpointUnreachable(error);
    }
  };
}
