/** Who answers a path: MCP, the engine, the model endpoint, or nobody. */
export type Place = 'mcp' | 'engine' | 'upstream' | 'nowhere';

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
export function placeOf(path: string): Place {
  if (path === '/mcp') return 'mcp';
  const decoded = decode(path);
  const [root, version, resource = '', ...rest] = (decoded ?? path).split(/[/\\]/u);
  if (root !== '' || version !== 'v1' || resource === '') return 'nowhere';
  if (resource === 'assistants' || resource === 'threads') return 'engine';
  return decoded !== null && isPlain([resource, ...rest]) ? 'upstream' : 'nowhere';
}
