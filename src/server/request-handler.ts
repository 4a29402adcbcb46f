import type { IncomingMessage } from 'node:http';
import { errors } from '../engine/http/errors.ts';
import type { Engine } from '../engine/index.ts';
import type { Clock } from '../shared/clock.ts';
import { ApiError } from '../shared/errors.ts';
import { JsonRequest } from '../shared/json-request.ts';
import {
  type AccessRules,
  checkHost,
  checkOrigin,
  checkSite,
  checkToken,
  crossOriginHeaders,
  type IncomingCall,
  preflightResponse,
} from './access.ts';
import { type AzureRequest, azureRequest } from './azure.ts';
import { readJsonBody, streamBody } from './body.ts';
import { serverErrors } from './errors.ts';
import type { FailedLogins } from './failed-logins.ts';
import { checkFraming } from './framing.ts';
import { makeInert } from './foreign-response.ts';
import { apiMethods, readMethods } from './methods.ts';
import { mcpTokenError, routeToMcp } from './route-to-mcp.ts';
import type { HttpMetrics } from './metrics.ts';
import type { PageHandler } from './page.ts';
import type { RequestContext } from './request-context.ts';
import {
  isLoginDiscovery,
  metricsRoute,
  requestUrl,
  type RouteTarget,
  routeTarget,
} from './routes.ts';
import type { UpstreamProxy } from './upstream-proxy.ts';
import { adaptToVersion } from './version1.ts';

interface RequestHandlerOptions {
  readonly rules: AccessRules;
  /** Refuses every request that could change something in the engine or at the model endpoint. */
  readonly readOnly: boolean;
  readonly engine: Pick<Engine, 'fetch' | 'owns'>;
  /** The largest JSON body; see also `maxMessageBytes`. */
  readonly maxBodyBytes: number;
  /** Handles MCP requests, whose body has been read. */
  readonly mcp: (request: Request) => Promise<Response>;
  readonly upstream: UpstreamProxy;
  readonly health: () => Promise<Response>;
  readonly metrics: () => Promise<Response>;
  readonly page: PageHandler;
  readonly httpMetrics: HttpMetrics;
  readonly failedLogins: FailedLogins;
  readonly requestContext: RequestContext;
  readonly clock: Clock;
}

/** Handles a request, of which `incoming` is Node's own view. */
export type RequestHandler = (request: Request, incoming: IncomingMessage) => Promise<Response>;

/** A request, and what it is if one of Azure's SDKs has sent it. */
interface Call extends IncomingCall {
  readonly azure: AzureRequest | null;
}

/** Headers by which some servers take a GET for another method. */
const methodHeaders = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Throws a 405 for a method that the route does not have, or not on a read-only server. */
function checkMethod({ request, url }: IncomingCall, target: RouteTarget, readOnly: boolean): void {
  const { method } = request;
  const isReadOnly = readOnly && (target === 'engine' || target === 'upstream');
  const canOnlyRead = isReadOnly || target === 'health' || target === 'metrics';
  const allowed = canOnlyRead ? readMethods : apiMethods;
  const isAllowed = allowed.has(method);
  const isOverridden = methodHeaders.some((name) => request.headers.has(name));
  if (isReadOnly && (isAllowed ? isOverridden : apiMethods.has(method))) {
    throw serverErrors.readOnly(allowed);
  }
  if (!isAllowed) throw serverErrors.methodNotAllowed(method, url.pathname, allowed);
}

/** The headers that the engine uses. */
const engineHeaders = ['idempotency-key', 'prefer', 'range'];

/** What takes a form: new files, and the parts of uploads. */
const formPath = /^\/v1\/(?:files|uploads\/[^/]+\/parts)\/?$/u;

/** A form with a file is larger than other bodies, and the engine reads it as it arrives. */
const isForm = ({ request, url }: IncomingCall): boolean =>
  request.method === 'POST' &&
  formPath.test(url.pathname) &&
  /^\s*multipart\/form-data\b/iu.test(request.headers.get('content-type') ?? '');

/** Those of the request's headers that are named. */
const pickHeaders = ({ headers }: Request, names: readonly string[]): [string, string][] =>
  names.flatMap((name): [string, string][] => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });

/** The request with its JSON body read, and with the headers that the engine uses. */
async function engineRequest(
  { request, url, incoming }: IncomingCall,
  { maxBodyBytes, clock }: RequestHandlerOptions,
): Promise<Request> {
  const { method } = request;
  const headers = pickHeaders(request, engineHeaders);
  if (readMethods.has(method)) return new Request(url, { method, headers });
  const body = await readJsonBody(incoming, maxBodyBytes, clock);
  // Only a request that prefers to wait can be abandoned before it is answered.
  const signal = request.headers.has('prefer') && { signal: request.signal };
  return new JsonRequest(url, { method, headers, ...signal }, body);
}

/** The request with its form as a stream. */
function formRequest({ request, url, incoming }: IncomingCall): Request {
  const headers = pickHeaders(request, ['content-type', 'content-length']);
  const body = streamBody(incoming);
  return new Request(url, { method: request.method, headers, body, duplex: 'half' });
}

async function routeToEngine(call: Call, options: RequestHandlerOptions): Promise<Response> {
  const { azure } = call;
  const { engine } = options;
  const request = await engineRequest(call, options);
  await azure?.checkBody(request);
  const response = await engine.fetch(request);
  if (azure !== null) return azure.adapt(response, engine);
  return adaptToVersion(call.request, response, engine);
}

/** Sends a request to the model endpoint, or to the engine if that keeps the files. */
async function routeToUpstream(call: Call, options: RequestHandlerOptions): Promise<Response> {
  const { engine, upstream } = options;
  const { request, url, incoming, azure } = call;
  const { method, signal } = request;
  const forwarded = { method, signal, url: url.href };
  if (await engine.owns(forwarded)) {
    const form = isForm(call) ? formRequest(call) : null;
    const response = await engine.fetch(form ?? (await engineRequest(call, options)));
    // What the engine did not read is dropped, so that the client gets the response.
    if (form?.body?.locked === false) void form.body.cancel().catch(() => {});
    return azure === null ? response : azure.adapt(response, engine);
  }
  const response = await upstream(forwarded, incoming);
  return azure === null ? response : azure.adaptForeign(response);
}

/** Serves the page. Others may link to it: it has no data, and no other page can frame or read it. */
async function routeToPage(call: Call, options: RequestHandlerOptions): Promise<Response> {
  const { request, url } = call;
  const { page } = options;
  if (!readMethods.has(request.method)) {
    throw serverErrors.methodNotAllowed(request.method, url.pathname, readMethods);
  }
  if (page.needsToken(url.pathname)) await authenticate(call, options);
  return page.fetch(request);
}

/** Sends a request that passed all checks to what handles its path. */
async function route(
  call: Call,
  target: Exclude<RouteTarget, 'page'>,
  options: RequestHandlerOptions,
): Promise<Response> {
  const { health, metrics } = options;
  const { request, url } = call;
  switch (target) {
    case 'health':
      return health();
    case 'metrics':
      return metrics();
    case 'mcp':
      return routeToMcp(call, options);
    case 'engine':
      return routeToEngine(call, options);
    case 'upstream':
      return makeInert(await routeToUpstream(call, options));
    case 'none':
      throw errors.unknownUrl(request.method, url.pathname);
  }
}

/** Throws a 401 unless the request has the token; later to an address that tried many wrong ones. */
async function authenticate(
  { request, incoming }: IncomingCall,
  { rules, failedLogins }: RequestHandlerOptions,
): Promise<void> {
  try {
    checkToken(request, rules);
  } catch (error) {
    const { remoteAddress = '' } = incoming.socket;
    const isWrongToken = error instanceof ApiError && error.code === 'invalid_api_key';
    if (isWrongToken) failedLogins.record(remoteAddress);
    await failedLogins.delay(remoteAddress, request.signal);
    throw error;
  }
}

/** Checks a request, in this order, and routes it; throws an ApiError for the first failed check. */
async function checkAndRoute(call: Call, options: RequestHandlerOptions): Promise<Response> {
  const { rules } = options;
  const { request, url, incoming } = call;
  checkFraming(incoming);
  checkHost(call, rules);
  const target = routeTarget(url.pathname);
  if (target === 'page') return routeToPage(call, options);
  checkOrigin(request, rules);
  checkSite(request, rules);
  // Browsers send no token with a preflight.
  const preflight = preflightResponse(request, rules);
  if (preflight !== null) return preflight;
  if (target === 'none' && isLoginDiscovery(url.pathname)) return route(call, target, options);
  try {
    await authenticate(call, options);
  } catch (error) {
    if (target === 'mcp') return mcpTokenError(error, options.requestContext);
    throw error;
  }
  checkMethod(call, target, options.readOnly);
  return route(call, target, options);
}

/** Closes the connection if the body fails, so that the client cannot mistake it for complete. */
function abortOnStreamError(
  response: Response,
  incoming: IncomingMessage,
  { requestContext, httpMetrics }: RequestHandlerOptions,
): Response {
  if (response.body === null) return response;
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const onEnd = isStream ? httpMetrics.streamOpened() : () => {};
  const reader = response.body.getReader();
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        // Cancelling has closed the controller.
        if (isCancelled) return;
        if (!done) return controller.enqueue(value);
        onEnd();
        controller.close();
      } catch (error) {
        if (isCancelled) return;
        onEnd();
        requestContext.log.warn('response body failed', { error: String(error) });
        incoming.socket.destroy();
        controller.close();
      }
    },
    cancel(reason) {
      isCancelled = true;
      onEnd();
      return reader.cancel(reason);
    },
  });
  return new Response(body, response);
}

const requestIdHeader = 'x-request-id';

/** Creates the handler of every request to the HTTP server; it never rejects. */
export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { rules, requestContext, clock, httpMetrics } = options;
  const { log } = requestContext;
  const respond = async (call: Call): Promise<Response> => {
    const { azure } = call;
    try {
      return abortOnStreamError(await checkAndRoute(call, options), call.incoming, options);
    } catch (error) {
      const isExpected = error instanceof ApiError;
      if (isExpected) log.info(error.message, { status: error.status });
      else log.error('request failed', { error });
      const apiError = isExpected ? error : errors.internal();
      return azure === null ? apiError.toResponse() : azure.toResponse(apiError);
    }
  };
  return (request, incoming) =>
    requestContext.run(async (id) => {
      const startedAt = clock.now();
      const url = requestUrl(request);
      const azure = azureRequest(url);
      const innerUrl = azure?.url ?? url;
      const response = await respond({ request, url: innerUrl, incoming, azure });
      const { status, headers } = response;
      // The model endpoint's own id wins: its support knows no other.
      const responseId = headers.get(requestIdHeader) ?? id;
      headers.set(requestIdHeader, responseId);
      // The listener decides whether the connection stays open.
      if (headers.get('connection') === 'keep-alive') headers.delete('connection');
      for (const [name, value] of crossOriginHeaders(request, rules)) headers.append(name, value);
      const { pathname: path } = url;
      httpMetrics.requestFinished(metricsRoute(innerUrl.pathname), status);
      const fields = { method: request.method, path, status, ms: clock.now() - startedAt };
      const upstream = responseId === id ? {} : { upstream_request_id: responseId };
      log.debug('request answered', { ...fields, ...upstream });
      return response;
    });
}
