/** Who answers a path: this program itself, MCP, the engine, the model endpoint, or nobody. */
export type RouteTarget = 'health' | 'metrics' | 'mcp' | 'engine' | 'upstream' | 'nowhere';

const own: ReadonlyMap<string, RouteTarget> = new Map([
  ['/mcp', 'mcp'],
  ['/healthz', 'health'],
  ['/metrics', 'metrics'],
]);

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** Nothing that another server could read as a way out of its base path. */
const isPlain = (segments: readonly string[]): boolean =>
  segments.every(
    (segment, index) =>
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      !/^\.{1,2}(?:;|$)|[\0-\x1f\x7f]/u.test(segment) &&
      (segment !== '' || index === segments.length - 1),
  );

/**
 * Finds who answers a path as the URL parser left it. What belongs to the engine does so under any
 * encoding, so that it is never asked for elsewhere.
 */
export function routeTarget(path: string): RouteTarget {
  const place = own.get(path);
  if (place !== undefined) return place;
  const decoded = decode(path);
  const [root, version, resource = '', ...rest] = (decoded ?? path).split(/[/\\]/u);
  if (root !== '' || version !== 'v1' || resource === '') return 'nowhere';
  if (resource === 'assistants' || resource === 'threads') return 'engine';
  // What follows is put behind another base, where `%2f@host` would be a host.
  const isOurs = path.startsWith('/v1/') && decoded !== null;
  return isOurs && isPlain([resource, ...rest]) ? 'upstream' : 'nowhere';
}

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
