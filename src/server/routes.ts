import { type ApiOwner, apiOwner } from '../engine/http/paths.ts';

/** What handles a path: an endpoint of this server, MCP, the engine, the model endpoint, or nothing. */
export type RouteTarget = 'health' | 'metrics' | 'mcp' | 'page' | ApiOwner;

const fixedPaths: ReadonlyMap<string, RouteTarget> = new Map([
  ['/', 'page'],
  ['/mcp', 'mcp'],
  ['/mcp/', 'mcp'],
  ['/healthz', 'health'],
  ['/metrics', 'metrics'],
]);

/** The URL of a request. A base URL that ends with a slash gives `/v1//threads` or `//v1/threads`. */
export function requestUrl({ url }: Request): URL {
  const parsed = new URL(url);
  parsed.pathname = parsed.pathname.replace(/^\/+v1\/+/u, '/v1/');
  return parsed;
}

/** Finds what handles a path, as the URL parser returns it. */
export const routeTarget = (path: string): RouteTarget =>
  fixedPaths.get(path) ?? (path.startsWith('/page/') ? 'page' : apiOwner(path));

/**
 * Whether a client looks for a login here, at paths of its choice below this server's. If it does not
 * get a 404, even without a token, it begins a login that this server does not have.
 */
export const isLoginDiscovery = (path: string): boolean =>
  /\/\.well-known\/(?:oauth-|openid-configuration)/u.test(path) || path === '/register';

/** The resources that OpenAI's API has under `/v1`, besides those of the engine. */
const modelEndpointResources = new Set(
  `agents audio batches chat chatkit completions containers conversations decisions embeddings evals
   files fine_tuning images live models moderations organization realtime responses skills uploads
   vector_stores videos`.split(/\s+/u),
);

/** Whether a model endpoint could know the path: without one, the error is a 501 instead of a 404. */
export const isModelEndpointPath = (path: string): boolean =>
  modelEndpointResources.has(path.split('/')[2] ?? '');

const engineResources = new Set(['assistants', 'threads', 'messages', 'files', 'runs', 'steps']);

/** The `route` label of a path, one of a fixed set: the engine's resource, else the route target. */
export function metricsRoute(path: string): string {
  const target = routeTarget(path);
  if (target !== 'engine') return target;
  return path.split('/').findLast((segment) => engineResources.has(segment)) ?? target;
}
