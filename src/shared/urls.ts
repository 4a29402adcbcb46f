/** Whether a database location is a PostgreSQL URL, not a file. */
export const isPostgresUrl = (location: string): boolean =>
  /^postgres(?:ql)?:\/\//iu.test(location);

/** A database location for people and logs: a URL without user, password and query. */
export const redactedLocation = (location: string): string =>
  isPostgresUrl(location) ? location.replace(/^(\w+:\/\/)(?:.*@)?([^?]*).*$/su, '$1$2') : location;

/** Whether a host name or address is loopback, which other machines cannot reach. */
export const isLoopback = (host: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/iu.test(host);

/** A part of a URL, decoded; null if it is not validly encoded. */
export function decodeComponent(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/**
 * The variables of a template such as `/files/{file_id}` in a path or URI, decoded; null if it is not
 * one of the template's.
 */
export function matchTemplate(template: string, path: string): Record<string, string> | null {
  const expected = template.split('/');
  const actual = path.replace(/\/$/u, '').split('/');
  if (expected.length !== actual.length) return null;
  const values: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = actual[index] ?? '';
    if (part.startsWith('{')) {
      const value = decodeComponent(segment);
      if (value === null || value === '') return null;
      values[part.slice(1, -1)] = value;
    } else if (part !== segment) return null;
  }
  return values;
}

/** A base URL without the slashes at its end, so that a path can be appended. */
export function withoutTrailingSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}
