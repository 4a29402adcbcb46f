import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../shared/urls.ts';
import { serverErrors } from './errors.ts';

/** Which requests the server accepts. */
export interface AccessRules {
  /** The host name or address that the server binds to. */
  readonly host: string;
  /** Further host names that requests may use, without ports. */
  readonly allowedHosts: readonly string[];
  /** Origins of the web pages that may send requests. */
  readonly allowedOrigins: readonly string[];
  /** The bearer token that requests must send; null: no authentication. */
  readonly token: string | null;
}

/** A request with its parsed URL and Node's own view of it. */
export interface IncomingCall {
  readonly request: Request;
  readonly url: URL;
  readonly incoming: IncomingMessage;
}

const normalizeHost = (host: string): string => host.replace(/^\[(.*)\]$/u, '$1').toLowerCase();

const withoutPort = (header: string): string => header.replace(/:\d+$/u, '');

/**
 * Throws a 403 unless the request names this server: loopback, the bound host, an allowed host, or
 * the local address. A page whose name resolves to this machine (DNS rebinding) sends another name.
 */
export function checkHost({ request, url, incoming }: IncomingCall, rules: AccessRules): void {
  const header = request.headers.get('host') ?? url.host;
  // An absolute URL in the request line overrides the Host header, so check both.
  const names = [withoutPort(header), url.hostname].map(normalizeHost);
  const { localAddress = '' } = incoming.socket;
  const ownNames = [rules.host, ...rules.allowedHosts, localAddress.replace(/^::ffff:/u, '')];
  const allowed = new Set(ownNames.map(normalizeHost));
  const isAllowed = (name: string) => isLoopback(name) || allowed.has(name);
  if (!names.every(isAllowed)) throw serverErrors.unknownHost(header);
}

/** Throws a 403 for a web page of another origin that is not allowed; programs send no Origin. */
export function checkOrigin(request: Request, { allowedOrigins }: AccessRules): void {
  const origin = request.headers.get('origin');
  if (origin === null || allowedOrigins.includes(origin)) return;
  const isSameOrigin = URL.parse(origin)?.host === request.headers.get('host');
  if (!isSameOrigin) throw serverErrors.disallowedOrigin(origin);
}

/** What browsers say of a request that no page of another origin caused. */
const ownSites: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * Without a token, throws a 403 for requests that a browser sends for a page of another origin, and
 * for navigations, unless a person entered the address. `Origin` is missing in many of these.
 */
export function checkSite(request: Request, { token, allowedOrigins }: AccessRules): void {
  const { method, headers } = request;
  const site = headers.get('sec-fetch-site');
  if (token !== null || site === null) return;
  if (allowedOrigins.includes(headers.get('origin') ?? '')) return;
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate';
  const isEntered = site === 'none' && (method === 'GET' || method === 'HEAD');
  if (!ownSites.has(site) || (isNavigation && !isEntered)) throw serverErrors.otherSite();
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The key of `curl -u :KEY`, as in OpenAI's guides: a password with a blank user name. */
const passwordOf = (credentials: string): string =>
  /^:(.+)$/su.exec(Buffer.from(credentials, 'base64').toString())?.[1] ?? '';

/** The key of a value of `Authorization`; empty if there is none. */
function authorizationKey(value: string): string {
  const [, scheme = '', credentials = ''] =
    /^(Basic|(?:Bearer +)*Bearer) +(\S+)$/iu.exec(value) ?? [];
  return scheme.toLowerCase() === 'basic' ? passwordOf(credentials) : credentials;
}

/** The keys of a request: in `Authorization`, and in Azure's header; programs may send both. */
function sentKeys({ headers }: Request): string[] {
  // Some hosts send the header twice, or with the scheme twice.
  const values = (headers.get('authorization') ?? '').split(/,\s*(?=Bearer )/iu, 2);
  const keys = [...values.map(authorizationKey), headers.get('api-key') ?? ''];
  return keys.filter((key) => key !== '');
}

/** Throws a 401 unless one of the request's keys is the token; other headers are not accepted. */
export function checkToken(request: Request, { token }: AccessRules): void {
  if (token === null) return;
  const keys = sentKeys(request);
  const [firstKey] = keys;
  if (firstKey === undefined) throw serverErrors.missingKey();
  // timingSafeEqual needs inputs of equal length.
  const isToken = (key: string) => timingSafeEqual(sha256(key), sha256(token));
  if (!keys.some(isToken)) throw serverErrors.incorrectKey(firstKey);
}

const exposedHeaders =
  'x-request-id, openai-poll-after-ms, openai-processing-ms, retry-after, idempotent-replayed, preference-applied';

/** The headers that let a page of an allowed origin read the response; none for other requests. */
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

/** The response to a CORS preflight of an allowed origin; null for every other request. */
export function preflightResponse(
  request: Request,
  { allowedOrigins }: AccessRules,
): Response | null {
  const { method, headers } = request;
  const isPreflight = method === 'OPTIONS' && headers.has('access-control-request-method');
  if (!isPreflight || !allowedOrigins.includes(headers.get('origin') ?? '')) return null;
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': headers.get('access-control-request-headers') ?? '',
      'access-control-max-age': '600',
    },
  });
}
