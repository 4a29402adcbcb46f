import type { Context } from 'hono';

/* The header `Prefer` of RFC 7240. What it says in another form than `wait=SECONDS` or `return=minimal` has no effect. */

/** Proxies and clients give up on requests that take longer. */
export const maxWaitSeconds = 300;

/** Splits at a separator outside quoted strings. */
function splitUnquoted(text: string, separator: string): string[] {
  const parts = [''];
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (!isQuoted && character === separator) {
      parts.push('');
      continue;
    }
    parts[parts.length - 1] += character;
    if (character === '"') isQuoted = !isQuoted;
    if (isQuoted && character === '\\') parts[parts.length - 1] += text.charAt((index += 1));
  }
  return parts;
}

const unquote = (word: string): string =>
  /^".*"$/su.test(word) ? word.slice(1, -1).replaceAll(/\\(.)/gsu, '$1') : word;

/** One preference, whose parameters have no meaning here. */
function parsePreference(text: string): { readonly name: string; readonly value: string } {
  const [preference = ''] = splitUnquoted(text, ';');
  const [name = '', ...value] = preference.split('=');
  return { name: name.trim().toLowerCase(), value: unquote(value.join('=').trim()) };
}

/** The value of a preference; null if the header has none of this name. The first one counts. */
function findPreference(header: string | undefined, name: string): string | null {
  const preferences = splitUnquoted(header ?? '', ',').map(parsePreference);
  return preferences.find((preference) => preference.name === name)?.value ?? null;
}

/** How many seconds a request prefers to wait; null if it does not say so. */
export function parseWait(header: string | undefined): number | null {
  const wait = findPreference(header, 'wait');
  if (wait === null || !/^\d+$/u.test(wait)) return null;
  return Math.min(Number(wait), maxWaitSeconds);
}

/** The seconds that a request prefers to wait; null if it does not say so. */
export const preferredWait = ({ req }: Context): number | null => parseWait(req.header('prefer'));

/** Whether a request prefers an answer without what does not change. */
export const prefersMinimal = ({ req }: Context): boolean =>
  findPreference(req.header('prefer'), 'return') === 'minimal';
