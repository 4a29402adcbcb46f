function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** Whether no segment could lead another server out of its base path. */
const isPlain = (segments: readonly string[]): boolean =>
  segments.every(
    (segment, index) =>
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      !/^\.{1,2}(?:;|$)|[\0-\x1f\x7f]/u.test(segment) &&
      (segment !== '' || index === segments.length - 1),
  );

/** Who answers a path under `/v1`: the engine, the model endpoint, or nobody. */
export type ApiOwner = 'engine' | 'upstream' | 'none';

/**
 * Finds who answers a path, given as the URL parser left it. Whatever encoding it has, a path that
 * belongs to the engine is never sent elsewhere.
 */
export function apiOwner(path: string): ApiOwner {
  const decoded = decode(path);
  const [root, version, resource = '', ...rest] = (decoded ?? path).split(/[/\\]/u);
  if (root !== '' || version !== 'v1' || resource === '') return 'none';
  if (resource === 'assistants' || resource === 'threads') return 'engine';
  // The rest of the path is put behind another base, where `%2f@host` would be a host.
  const isWritten = path.startsWith('/v1/') && decoded !== null;
  return isWritten && isPlain([resource, ...rest]) ? 'upstream' : 'none';
}

/**
 * The URL at the model endpoint for a URL under `/v1`; null when it would lead to another origin,
 * which must never get the server's key.
 */
export function upstreamUrl(baseURL: string, { pathname, search }: URL): string | null {
  const base = baseURL.replace(/\/+$/u, '');
  const target = base + pathname.slice('/v1'.length) + search;
  return URL.parse(target)?.origin === new URL(base).origin ? target : null;
}
