import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
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
import { maxUploadBytes, readChunks } from './body.ts';
import { redactErrorBody, toSecret, withoutSecret } from './foreign-response.ts';
import { serverErrors } from './errors.ts';
import { hasBody, mayShareConnection, upstreamFraming } from './framing.ts';
import { createUpstreamConnections } from './upstream-connections.ts';
import { withoutTrailingSlashes } from '../shared/urls.ts';

/** What the model endpoint shall be asked; everything else of a request is in Node's own view of it. */
export type ForwardedRequest = Pick<Request, 'method' | 'url' | 'signal'>;

/** Forwards a request and returns the response; throws an ApiError. */
export type UpstreamProxy = (
  request: ForwardedRequest,
  incoming: IncomingMessage,
) => Promise<Response>;

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

/** Headers about the client and this server, and those that let a server see another request. */
const strippedRequestHeaders = [
  'host',
  'content-length',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
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
const strippedResponseHeaders = [
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'via',
  'refresh',
  'clear-site-data',
  'service-worker-allowed',
];

/** The headers except hop-by-hop ones, those named in `stripped` and those named in Connection. */
function forwardedHeaders(
  message: IncomingMessage,
  stripped: readonly string[],
): [string, string[]][] {
  const connection = (message.headers.connection ?? '').toLowerCase().split(/[\s,]+/u);
  const excluded = new Set([...hopByHop, ...stripped, ...connection]);
  const isForwarded = (name: string) =>
    !excluded.has(name) && !/^(?:access-control|x-forwarded)-/u.test(name);
  return (
    Object.entries(message.headersDistinct)
      // Many servers read `content_length` as `content-length`.
      .filter(([name]) => isForwarded(name.replaceAll('_', '-')))
      .map(([name, values = []]) => [name, values])
  );
}

function requestHeaders(
  method: string,
  incoming: IncomingMessage,
  options: Options,
): OutgoingHttpHeaders {
  const { via } = incoming.headers;
  const forwarded = forwardedHeaders(incoming, strippedRequestHeaders).filter(
    ([name]) => !keyHeaders.test(name.replaceAll('_', '-')),
  );
  return {
    ...Object.fromEntries(forwarded),
    ...endpointAuthorization(options),
    ...upstreamFraming(method, incoming),
    via: [...(via === undefined ? [] : [via]), `1.1 ${options.name}`].join(', '),
  };
}

interface ProxiedRequest {
  readonly method: string;
  /** The URL at the model endpoint. */
  readonly target: string;
  readonly baseURL: string;
  /** Redacted from errors and headers. */
  readonly secret: string | null;
}

const statusesWithoutBody = new Set([204, 205, 304]);

/** A Location header: a URL below the model endpoint's base URL becomes a path of this server. */
function rewriteLocation(location: string, { target, baseURL }: ProxiedRequest): string {
  const { href } = URL.parse(location, target) ?? { href: '' };
  const base = withoutTrailingSlashes(new URL(baseURL).href);
  return href.startsWith(`${base}/`) ? `/v1${href.slice(base.length)}` : location;
}

function responseHeaders(message: IncomingMessage, request: ProxiedRequest): Headers {
  const { secret } = request;
  const headers = new Headers();
  for (const [name, values] of forwardedHeaders(message, strippedResponseHeaders)) {
    for (const value of values) {
      const located = name === 'location' ? rewriteLocation(value, request) : value;
      headers.append(name, secret === null ? located : withoutSecret(located, secret));
    }
  }
  return headers;
}

async function toResponse(message: IncomingMessage, request: ProxiedRequest): Promise<Response> {
  const { statusCode: status = 502 } = message;
  const { method, secret } = request;
  const headers = responseHeaders(message, request);
  if (method === 'HEAD' || statusesWithoutBody.has(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  if (status < 400 || secret === null) {
    return new Response(Readable.toWeb(message), { status, headers });
  }
  const { body, isRedacted } = await redactErrorBody(message, secret);
  if (isRedacted) for (const name of ['length', 'encoding']) headers.delete(`content-${name}`);
  return new Response(body, { status, headers });
}

/** Sends the incoming body; resolves when the response's status and headers have arrived. */
function send(outgoing: ClientRequest, incoming: IncomingMessage): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.on('error', reject).on('response', (message) => {
    const { statusCode = 502 } = message;
    // An early response or an error can mean that the server read the request differently.
    if (!outgoing.writableFinished || statusCode >= 400) outgoing.shouldKeepAlive = false;
    resolve(message);
  });
  outgoing.on('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new Error('it switched to another protocol'));
  });
  if (hasBody(incoming)) {
    pipeline(readChunks(incoming, maxUploadBytes), outgoing).catch(reject);
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
  const { baseURL, apiKey, name } = options;
  const connections = createUpstreamConnections(baseURL);
  const secret = toSecret(apiKey);
  return async (request, incoming) => {
    if (incoming.headers.via?.includes(name) === true) throw serverErrors.proxyLoop();
    const { method, signal } = request;
    const url = new URL(request.url);
    const target = upstreamUrl(baseURL, url);
    if (target === null) throw errors.unknownUrl(method, url.pathname);
    const init = { method, signal, headers: requestHeaders(method, incoming, options) };
    const outgoing = mayShareConnection(incoming)
      ? connections.requestOnAny(target, init)
      : connections.requestOnNew(target, init);
    const response = send(outgoing, incoming).catch((error: unknown) => {
      if (signal.aborted || !canResend(outgoing, incoming)) throw error;
      return send(connections.requestOnNew(target, init), incoming);
    });
    try {
      const message = await response;
      return await toResponse(message, { method, target, baseURL, secret }).catch(
        (error: unknown) => {
          message.destroy();
          throw error;
        },
      );
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw signal.aborted ? errors.clientDisconnected() : endpointUnreachable(error);
    }
  };
}
