import { isPostgresUrl } from '../shared/urls.ts';
import { defaultToolsets, type Toolset, toolsets } from '../tools/toolsets.ts';
import { InvalidOption } from './option.ts';

export const anyText = (text: string): string => text;

export function boolean(text: string): boolean {
  if (/^(?:true|1|yes|on)$/iu.test(text)) return true;
  if (/^(?:false|0|no|off)$/iu.test(text)) return false;
  throw new InvalidOption(`'${text}' is not true or false.`);
}

export const integer = (min: number, max: number) => (text: string) => {
  const number = /^\d{1,9}$/u.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new InvalidOption(`'${text}' is not a whole number from ${min} to ${max}.`);
};

export const oneOf =
  <Choice extends string>(choices: readonly Choice[]) =>
  (text: string): Choice => {
    const choice = choices.find((candidate) => candidate === text.toLowerCase());
    if (choice !== undefined) return choice;
    throw new InvalidOption(`'${text}' is not one of ${choices.join(', ')}.`);
  };

const splitList = (text: string): readonly string[] => text.split(/[\s,]+/u).filter(Boolean);

/** Items between commas or spaces. */
export const listOf =
  (parseItem: (text: string) => string) =>
  (text: string): readonly string[] =>
    splitList(text).map(parseItem);

export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new InvalidOption('must be a URL that starts with https:// or http://.');
  }
  if (/[?#]/u.test(text) || url.username !== '' || url.password !== '') {
    throw new InvalidOption('must be a URL without a query, fragment, user name or password.');
  }
  return text;
}

/** A value that fits an HTTP header; a shortened key with an `…` in it does not. */
export function headerValue(text: string): string {
  if (/^[\x20-\x7e]+$/u.test(text)) return text;
  throw new InvalidOption('must be one line of ASCII characters.');
}

/** How hosts and shells write a variable that they replace: `${NAME}`, `$NAME`, `%NAME%`, `{{NAME}}`. */
const placeholder = /^(?:\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]*|%[A-Z_][A-Z0-9_]*%|\{\{[^}]*\}\})$/iu;

/** Throws for a value that is only the name of a variable. */
export function checkExpanded(text: string): void {
  if (!placeholder.test(text)) return;
  throw new InvalidOption(
    `'${text}' is a variable that was not replaced. Write the value itself, or set that variable where your MCP host replaces it.`,
  );
}

/** What some hosts write for a field of a bundle's form that is left empty. */
const emptyField = /^\$\{user_config\.\w+\}$/u;

/** A value without the quotes that some hosts and Docker's `--env-file` keep; empty if it is unset. */
export function givenText(text: string): string {
  const trimmed = text.trim();
  const value =
    /^(?<quote>["'])(?<inner>.*)\k<quote>$/su.exec(trimmed)?.groups?.['inner'] ?? trimmed;
  return emptyField.test(value) ? '' : value.trim();
}

/** Shorter tokens can be guessed. */
export const minTokenLength = 16;

/** A token that callers can send in an `Authorization: Bearer` header. */
export function bearerToken(text: string): string {
  if (/^[\x21-\x7e]+$/u.test(text)) return text;
  throw new InvalidOption('must be visible ASCII characters without spaces.');
}

/** A file, `:memory:` or PostgreSQL; SQLite would take any other URL for a file name. */
export function databaseLocation(text: string): string {
  if (/^file:/iu.test(text)) {
    throw new InvalidOption('must be the path of a file, not a file: URL.');
  }
  if (/^(?:\$\{[^}]*\}|\$[A-Z_]\w*|%[A-Z_]\w*%)[/\\]/iu.test(text)) {
    throw new InvalidOption(
      `'${text}' begins with a variable that was not replaced. Write the whole path.`,
    );
  }
  const scheme = /^[a-z][a-z0-9+.-]+:\/\//iu.exec(text);
  if (scheme === null || isPostgresUrl(text)) return text;
  throw new InvalidOption(`must be a file, :memory: or a postgres:// URL, not ${scheme[0]}.`);
}

/** A host name or IP address in lower case, without its port. */
export function hostName(text: string): string {
  const bracketed = text.includes('::') ? text.replace(/^([^[].*)$/u, '[$1]') : text;
  const url = URL.parse(`http://${bracketed}`);
  if (url !== null && !/[/?#@*]/u.test(text)) return url.hostname;
  throw new InvalidOption(`'${text}' is not a host name or IP address.`);
}

/** An origin as browsers send it. */
export function webOrigin(text: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?#@*]+$/u.test(text)) return text;
  throw new InvalidOption(`'${text}' is not an origin such as https://app.example.`);
}

/** `all` stands for the toolsets that are listed by default. */
export function toolsetList(text: string): readonly Toolset[] {
  const names = splitList(text).flatMap((name) => (name === 'all' ? defaultToolsets : name));
  const unknown = names.filter((name) => !toolsets.some((toolset) => toolset === name));
  if (names.length > 0 && unknown.length === 0) {
    return toolsets.filter((toolset) => names.includes(toolset));
  }
  const listed = toolsets.join(',');
  if (names.length === 0) throw new InvalidOption(`must be all, or some of ${listed}.`);
  throw new InvalidOption(
    ...unknown.map((name) => `'${name}' is not a toolset; use all, or some of ${listed}.`),
  );
}

/** Names of tools between commas or spaces; which names exist depends on `--tool-names`. */
export function toolNameList(text: string): readonly string[] {
  const names = splitList(text);
  if (names.length > 0) return names;
  throw new InvalidOption('must be names of tools, such as create_run,get_run.');
}

/** Names of functions between commas or spaces. */
export function functionNameList(text: string): readonly string[] {
  const names = splitList(text);
  const unfit = names.filter((name) => !/^[\w-]{1,64}$/u.test(name));
  if (names.length > 0 && unfit.length === 0) return names;
  if (names.length === 0) throw new InvalidOption('must be names of functions, such as ask_user.');
  throw new InvalidOption(...unfit.map((name) => `'${name}' is not the name of a function.`));
}

/** Pairs `old=new` between commas or spaces, each old name once. */
export function parseModelMap(text: string): ReadonlyMap<string, string> {
  const entries = splitList(text);
  const pairs = entries.map((entry) => /^([^=]+)=([^=]+)$/u.exec(entry) ?? [entry]);
  const malformed = pairs.filter(([, from]) => from === undefined);
  const names = pairs.flatMap(([, from]) => from ?? []);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) < index));
  const reasons = [
    ...malformed.map(([entry]) => `'${entry}' is not a pair such as gpt-4=gpt-4.1.`),
    ...[...repeated].map((name) => `'${name}' appears more than once.`),
  ];
  if (entries.length === 0) reasons.push('must be pairs such as gpt-4=gpt-4.1,gpt-4o=gpt-5.4.');
  if (reasons.length > 0) throw new InvalidOption(...reasons);
  return new Map(pairs.map(([, from = '', to = '']) => [from, to]));
}

export function idList(text: string): readonly string[] {
  const ids = text.split(',').map((id) => id.trim());
  if (ids.every((id) => id !== '')) return ids;
  throw new InvalidOption('must be thread ids separated by commas.');
}

const secondsPerUnit: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** A duration such as `30d`, in seconds. */
export function duration(text: string): number {
  const { count = '', unit = '' } = /^(?<count>\d{1,6})(?<unit>[smhdw])$/u.exec(text)?.groups ?? {};
  const seconds = Number(count) * (secondsPerUnit[unit] ?? 0);
  if (seconds > 0) return seconds;
  throw new InvalidOption(`'${text}' is not a duration such as 90s, 15m, 12h, 30d or 8w.`);
}

const bytesPerUnit: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/** The bytes of a size such as `64MiB`; 0 for anything else. */
function parseSize(text: string): number {
  const match = /^(?<count>\d{1,9})(?:(?<unit>[kmgt])i?b?)?$/iu.exec(text);
  const { count = '', unit = '' } = match?.groups ?? {};
  return Number(count) * (bytesPerUnit[unit.toLowerCase()] ?? 0);
}

/** A size such as `64MiB`, in bytes, up to 512 MiB. */
export function byteSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes > 0 && bytes <= 512 * 2 ** 20) return bytes;
  throw new InvalidOption(`'${text}' is not a size up to 512MiB, such as 500KiB or 64MiB.`);
}

/** A size of files such as `2GiB`, in bytes, up to 1024 TiB. */
export function fileSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes > 0 && bytes <= 2 ** 50) return bytes;
  throw new InvalidOption(`'${text}' is not a size up to 1024TiB, such as 64MiB or 2GiB.`);
}
