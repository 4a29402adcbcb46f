import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as askPlainly,
} from 'node:http';
import { request as askSecurely } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readChunks, limits } from './body.ts';
import { ApiError, connectionErrorReason } from '../shared/errors.ts';
import { errors } from '../engine/http/errors.ts';
import { upstreamUrl } from '../engine/http/paths.ts';
import { serverErrors } from './errors.ts';

/** Passes a request on and its answer back; throws a {@link ApiError}. */
export type UpstreamProxy = (request: Request, incoming: IncomingMessage) => Promise<Response>;

interface Options {
  /** Takes the place of `/v1`. */
  readonly baseURL: string;
  /** The server's own; null: none is sent. */
  readonly apiKey: string | null;
  /** What this server is called on the way, unlike any other. */
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

/** Who the caller is, and to whom, is none of the model endpoint's business. */
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

/** Other names under which a caller may send its key. */
const keyHeaders = /(?:^|-)(?:api-key|auth-token|subscription-key)$/u;

/** What speaks for the model endpoint's own host. */
const strippedResponseHeaders = ['set-cookie', 'alt-svc', 'strict-transport-security', 'via'];

/** Headers without the named ones, and without those that the Connection header names. */
function keepOthers(message: IncomingMessage, dropped: readonly string[]): [string, string[]][] {
  const named = (message.headers.connection ?? '').toLowerCase().split(/[\s,]+/u);
  const unwanted = new Set([...hopByHop, ...dropped, ...named]);
  const isKept = (name: string) =>
    !unwanted.has(name) && !/^(?:access-control|x-forwarded)-/u.test(name);
  return Object.entries(message.headersDistinct)
    .filter(([name]) => isKept(name))
    .map(([name, values = []]) => [name, values]);
}

function headersFor(incoming: IncomingMessage, { apiKey, name }: Options): OutgoingHttpHeaders {
  const { via, 'transfer-encoding': encoding } = incoming.headers;
  const kept = keepOthers(incoming, strippedRequestHeaders).filter(
    ([header]) => !keyHeaders.test(header),
  );
  return {
    ...Object.fromEntries(kept),
    ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    ...(encoding !== undefined && { 'transfer-encoding': 'chunked' }),
    via: [...(via === undefined ? [] : [via]), `1.1 ${name}`].join(', '),
  };
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** What is asked for, and the base it is under. */
interface ProxiedRequest {
  readonly method: string;
  readonly target: string;
  readonly base: string;
}

/** Statuses that have no body by definition. */
const bodiless = new Set([204, 205, 304]);

/** Where an answer points, by this server's own path when that is within the model endpoint. */
function ownLocation(location: string, { target, base }: ProxiedRequest): string {
  const { href } = URL.parse(location, target) ?? { href: '' };
  const root = new URL(base).href.replace(/\/+$/u, '');
  return href.startsWith(`${root}/`) ? `/v1${href.slice(root.length)}` : location;
}

function toResponse(answer: IncomingMessage, errand: ProxiedRequest): Response {
  const { statusCode: status = 502 } = answer;
  const { method } = errand;
  const headers = keepOthers(answer, strippedResponseHeaders).flatMap(([name, values]) =>
    values.map((value): [string, string] => [
      name,
      name === 'location' ? ownLocation(value, errand) : value,
    ]),
  );
  if (method !== 'HEAD' && !bodiless.has(status)) {
    return new Response(Readable.toWeb(answer), { status, headers });
  }
  answer.resume();
  return new Response(null, { status, headers });
}

/** Sends a request with the body that came; resolves to the head of the answer. */
function send(outgoing: ClientRequest, incoming: IncomingMessage): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.on('response', resolve).on('error', reject);
  outgoing.on('upgrade', (_answer, socket) => {
    socket.destroy();
    reject(new Error('it changed the protocol'));
  });
  if (hasBody(incoming)) {
    pipeline(readChunks(incoming, limits.upload), outgoing).catch(reject);
  } else {
    outgoing.end();
  }
  return promise;
}

/** Whether a connection was kept too long, and what it was used for may as well be asked again. */
const wasStale = ({ method, reusedSocket }: ClientRequest, incoming: IncomingMessage): boolean =>
  reusedSocket && (method === 'GET' || method === 'HEAD') && !hasBody(incoming);

/**
 * Hands requests on to the model endpoint with the server's own key and nobody else's, streamed
 * both ways and byte for byte: an encoded body stays encoded, and a redirect is the caller's to follow.
 */
export function createUpstreamProxy(options: Options): UpstreamProxy {
  const base = options.baseURL.replace(/\/+$/u, '');
  const ask = base.startsWith('https:') ? askSecurely : askPlainly;
  return async (request, incoming) => {
    if (incoming.headers.via?.includes(options.name) === true) throw serverErrors.loop();
    const { method, signal } = request;
    const url = new URL(request.url);
    const target = upstreamUrl(base, url);
    if (target === null) throw errors.unknownUrl(method, url.pathname);
    const wish = { method, signal, headers: headersFor(incoming, options) };
    const outgoing = ask(target, wish);
    const answer = send(outgoing, incoming).catch((error: unknown) => {
      if (signal.aborted || !wasStale(outgoing, incoming)) throw error;
      return send(ask(target, { ...wish, agent: false }), incoming);
    });
    try {
      return toResponse(await answer, { method, target, base });
    } catch (error) {
      if (error instanceof ApiError) throw error;
      throw signal.aborted
        ? serverErrors.clientClosed()
        : errors.unreachable(connectionErrorReason(error));
    }
  };
}
