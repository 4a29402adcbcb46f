import { type Option, InvalidOption, boolean } from './option.ts';

const secondsIn: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
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
