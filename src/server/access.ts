import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../shared/urls.ts';
import { serverErrors } from './errors.ts';

/** Who may come in. */
export interface AccessRules {
  /** The host that was asked to be bound. */
  readonly host: string;
  /** Further names that callers may use, without ports. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call. */
  readonly allowedOrigins: readonly string[];
  /** What callers have to send as their key; null: anything will do. */
  readonly token: string | null;
}

const bare = (host: string): string => host.replace(/^\[(.*)\]$/u, '$1').toLowerCase();

/** The name in a Host header. */
const nameIn = (header: string): string => bare(header.replace(/:\d+$/u, ''));

/** A request that has come, where it asks to go, and Node's own view of it. */
export interface IncomingCall {
  readonly request: Request;
  readonly url: URL;
  readonly incoming: IncomingMessage;
}

/**
 * Throws a 403 unless the caller addressed this server by a name of its own: a page that had its
 * name resolved to this machine (DNS rebinding) still sends that name.
 */
export function checkHost({ request, url, incoming }: IncomingCall, rules: AccessRules): void {
  const header = request.headers.get('host') ?? url.host;
  // The request line may name a host as well, and then it counts.
  const foreign = [nameIn(header), bare(url.hostname)].filter((name) => !isLoopback(name));
  if (foreign.length === 0) return;
  const { localAddress = '' } = incoming.socket;
  const names = [rules.host, ...rules.allowedHosts, localAddress.replace(/^::ffff:/u, '')];
  const own = new Set(names.map(bare));
  if (!foreign.every((name) => own.has(name))) throw serverErrors.foreignHost(header);
}

/** Throws a 403 for web pages that nobody allowed; programs send no Origin. */
export function checkOrigin(request: Request, { allowedOrigins }: AccessRules): void {
  const origin = request.headers.get('origin');
  if (origin === null || allowedOrigins.includes(origin)) return;
  const isOwn = URL.parse(origin)?.host === request.headers.get('host');
  if (!isOwn) throw serverErrors.foreignOrigin(origin);
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Throws a 401 unless the Authorization header holds the token; nothing else is looked at. */
export function checkToken(request: Request, { token }: AccessRules): void {
  if (token === null) return;
  const header = request.headers.get('authorization') ?? '';
  const given = /^Bearer +(\S+)$/iu.exec(header)?.[1];
  if (given === undefined) throw serverErrors.noKey();
  // Digests are of one length, and tell nothing of how far two texts are alike.
  if (!timingSafeEqual(digest(given), digest(token))) throw serverErrors.wrongKey(given);
}

const exposedHeaders = 'x-request-id, openai-poll-after-ms, openai-processing-ms, retry-after';
/** What lets a page of an allowed origin read an answer; nothing for anybody else. */
export function crossOriginHeaders(
  request: Request,
  { allowedOrigins }: AccessRules,
): readonly [string, string][] {
  const origin = request.headers.get('origin');
  if (origin === null || !allowedOrigins.includes(origin)) return [];
  return [
    ['access-control-allow-origin', origin],
    ['access-control-expose-headers', exposedHeaders],
    ['vary', 'Origin'],
  ];
}

/** The answer to a browser that asks first; null when it is none, or nobody may ask. */
export function answerPreflight(
  request: Request,
  { allowedOrigins }: AccessRules,
): Response | null {
  const { method, headers } = request;
  const asked = method === 'OPTIONS' && headers.has('access-control-request-method');
  if (!asked || !allowedOrigins.includes(headers.get('origin') ?? '')) return null;
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': headers.get('access-control-request-headers') ?? '',
      'access-control-max-age': '600',
    },
  });
}
