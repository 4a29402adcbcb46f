import { decodeComponent, withoutTrailingSlashes } from '../../shared/urls.ts';

/** Whether every segment stays within another server's base path. */
const isContained = (segments: readonly string[]): boolean =>
  segments.every(
    (segment, index) =>
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      !/^\.{1,2}(?:;|$)|[\0-\x1f\x7f]/u.test(segment) &&
      (segment !== '' || index === segments.length - 1),
  );

/** Who serves a path: the engine, the model endpoint, or nobody. */
export type ApiOwner = 'engine' | 'upstream' | 'none';

/**
 * Finds who serves a path as the URL parser returns it. A path of the engine is never forwarded,
 * however it is encoded.
 */
export function apiOwner(path: string): ApiOwner {
  const decoded = decodeComponent(path);
  const [root, version, resource = '', ...others] = (decoded ?? path).split(/[/\\]/u);
  if (root !== '' || version !== 'v1' || resource === '') return 'none';
  if (['assistants', 'threads', 'runs'].includes(resource)) return 'engine';
  // The path is appended to another base, where `%2f@host` would be read as a host.
  const isPlain = path.startsWith('/v1/') && decoded !== null;
  return isPlain && isContained([resource, ...others]) ? 'upstream' : 'none';
}

/**
 * The model endpoint's URL for a URL under `/v1`; null for another origin, which must never get the
 * server's key.
 */
export function upstreamUrl(baseURL: string, { pathname, search }: URL): string | null {
  const base = withoutTrailingSlashes(baseURL);
  const target = base + pathname.slice('/v1'.length) + search;
  return URL.parse(target)?.origin === new URL(base).origin ? target : null;
}
