import { type Option, InvalidOption, boolean } from './option.ts';

function idList(text: string): readonly string[] {
  const ids = text.split(',').map((id) => id.trim());
  if (ids.every((id) => id !== '')) return ids;
  throw new InvalidOption('must be thread ids with commas between them.');
}

export const replace: Option<boolean> = {
  flag: 'replace',
  env: [],
  value: null,
  help: 'Let an object take the place of the one with its id, instead of refusing the file',
  defaultText: '`false`',
  mode: 'embedded',
  command: 'import',
  parse: boolean,
  default: false,
};

export const threads: Option<readonly string[] | null> = {
  flag: 'threads',
  env: [],
  value: 'IDS',
  help: 'Export these threads and the assistants they ran, with commas between the ids',
  defaultText: 'everything',
  mode: 'embedded',
  command: 'export',
  parse: idList,
  default: null,
};

export const output: Option<string | null> = {
  flag: 'output',
  env: [],
  value: 'FILE',
  help: 'Write to this file, which is replaced once everything is written',
  defaultText: 'stdout',
  mode: 'embedded',
  command: 'export',
  parse: (text) => (text === '-' ? null : text),
  default: null,
};

const secondsIn: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86400,
  w: 604800,
};

/** A length of time in seconds. */
function parseDuration(text: string): number {
  const { count = '', unit = '' } = /^(?<count>\d{1,6})(?<unit>[smhdw])$/u.exec(text)?.groups ?? {};
  const length = Number(count) * (secondsIn[unit] ?? 0);
  if (length > 0) return length;
  throw new InvalidOption(
    `must be a number of seconds, minutes, hours, days or weeks such as 90s, 15m, 12h, 30d or 8w, not '${text}'.`,
  );
}

/** Seconds; null only where the command is another. */
export const olderThan: Option<number | null> = {
  flag: 'older-than',
  env: [],
  value: 'TIME',
  help: 'Remove threads that no message or run has come to for so long: `90s`, `15m`, `12h`, `30d`, `8w`',
  defaultText: 'none: it has to be said',
  mode: 'embedded',
  command: 'prune',
  parse: parseDuration,
  default: null,
};

export const dryRun: Option<boolean> = {
  flag: 'dry-run',
  env: [],
  value: null,
  help: 'Only say what would be removed',
  defaultText: '`false`',
  mode: 'embedded',
  command: 'prune',
  parse: boolean,
  default: false,
};
