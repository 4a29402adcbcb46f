import type { Command } from './arguments.ts';

/** What people are told about an option: `--help`, the README and server.json say the same. */
export interface OptionInfo {
  /** Without its dashes; null when the option is set by environment alone. */
  readonly flag: string | null;
  /** The names it goes by in the environment, if any; the first that is set counts. */
  readonly env: readonly string[];
  /** Stands for the value in `--help`; null for a switch. */
  readonly value: string | null;
  readonly help: string;
  /** The default, in words. */
  readonly defaultText: string;
  readonly secret?: true;
  /** The mode that the option belongs to; it has no effect in the other. */
  readonly mode?: 'embedded' | 'remote';
  /** The one command that it belongs to; absent: all of them. */
  readonly command?: Command;
}

export interface Option<T> extends OptionInfo {
  /** Judges what was given; throws a {@link InvalidOption}. */
  readonly parse: (text: string) => T;
  /** What holds when nothing was given. */
  readonly default: T;
}

/** A value that an option cannot take; every reason goes on from the option's name. */
export class InvalidOption extends Error {
  override readonly name = 'RefusedValue';
  readonly reasons: readonly string[];

  constructor(...reasons: readonly string[]) {
    super(reasons.join(' '));
    this.reasons = reasons;
  }
}

export const anyText = (text: string): string => text;

export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/u.test(url.protocol)) {
    throw new InvalidOption('must be a URL that begins with https:// or http://.');
  }
  if (/[?#]/u.test(text) || url.username !== '' || url.password !== '') {
    throw new InvalidOption('must be a URL without query, fragment, user name or password.');
  }
  return text;
}

export const integer = (least: number, most: number) => (text: string) => {
  const number = /^\d{1,9}$/u.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new InvalidOption(`must be a whole number from ${least} to ${most}, not '${text}'.`);
};

export const oneOf =
  <T extends string>(choices: readonly T[]) =>
  (text: string) => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    const listed = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`;
    throw new InvalidOption(`must be ${listed}, not '${text}'.`);
  };

export function boolean(text: string): boolean {
  if (/^(?:true|1|yes|on)$/iu.test(text)) return true;
  if (/^(?:false|0|no|off)$/iu.test(text)) return false;
  throw new InvalidOption(`must be true or false, not '${text}'.`);
}

const wanted = 'must be names such as gpt-4=gpt-4.1, with commas between them';

/** Pairs `old=new` between commas or spaces, each old name once. */
export function parseModelMap(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/[\s,]+/u).filter(Boolean);
  const pairs = entries.map((entry) => /^([^=]+)=([^=]+)$/u.exec(entry) ?? [entry]);
  const malformed = pairs.filter(([, from]) => from === undefined);
  const names = pairs.flatMap(([, from]) => from ?? []);
  const repeated = names.filter((name, index) => names.indexOf(name) < index);
  const reasons = [
    ...malformed.map(([entry]) => `${wanted}, and '${entry}' is none.`),
    ...[...new Set(repeated)].map((name) => `may name '${name}' only once.`),
  ];
  if (entries.length === 0) reasons.push(`${wanted}.`);
  if (reasons.length > 0) throw new InvalidOption(...reasons);
  return new Map(pairs.map(([, from = '', to = '']) => [from, to]));
}

/** What stands between commas or spaces, each judged by `read`. */
export const listOf =
  (read: (text: string) => string) =>
  (text: string): readonly string[] =>
    text
      .split(/[\s,]+/u)
      .filter(Boolean)
      .map(read);
