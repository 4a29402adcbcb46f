import { type ApiOwner, apiOwner } from '../engine/http/paths.ts';

/** Who answers a path: this program itself, MCP, the engine, the model endpoint, or nobody. */
export type RouteTarget = 'health' | 'metrics' | 'mcp' | ApiOwner;

const own: ReadonlyMap<string, RouteTarget> = new Map([
  ['/mcp', 'mcp'],
  ['/healthz', 'health'],
  ['/metrics', 'metrics'],
]);

/** Finds who answers a path, given as the URL parser left it. */
export const routeTarget = (path: string): RouteTarget => own.get(path) ?? apiOwner(path);

/** What model endpoints have under `/v1`, as far as OpenAI's own goes. */
const ofModels = new Set(
  `agents audio batches chat chatkit completions containers conversations decisions embeddings evals
   files fine_tuning images live models moderations organization realtime responses skills uploads
   vector_stores videos`.split(/\s+/u),
);

/** Whether a path is one that a model endpoint would know, where there is none to ask. */
export const isModelEndpointPath = (path: string): boolean =>
  ofModels.has(path.split('/')[2] ?? '');

const resources = new Set(['assistants', 'threads', 'messages', 'files', 'runs', 'steps']);

/** The kind of path, one of few whatever callers ask for: the resource, or else whose it is. */
export function metricsRoute(path: string): string {
  const place = routeTarget(path);
  if (place !== 'engine') return place;
  return path.split('/').findLast((segment) => resources.has(segment)) ?? place;
}
