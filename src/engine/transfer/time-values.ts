/** Larger numbers of seconds are after the year 5000, so these are milliseconds or smaller units. */
const maxSeconds = 100_000_000_000;

function fromNumber(value: number): number {
  let seconds = value;
  while (seconds >= maxSeconds && Number.isFinite(seconds)) seconds /= 1000;
  return Math.floor(seconds);
}

const datePattern =
  /^(\d{4}-\d\d-\d\d)(?:(?:[T ]| T)(\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)?)? ?(?:(Z|UTC|GMT)|([+-]\d\d):?(\d\d)?)?$/iu;
const digitsPattern = /^(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)Z?$/u;

function fromText(text: string): number | null {
  const digits = digitsPattern.exec(text);
  if (digits !== null) {
    const [, year, month, day, ...time] = digits;
    return fromText(`${year}-${month}-${day} ${time.join(':')}`);
  }
  if (/^\d+(?:\.\d+)?$/u.test(text)) return fromNumber(Number(text));
  const match = datePattern.exec(text);
  if (match === null) return null;
  const [, date, time = '00:00', , hours, minutes = '00'] = match;
  const zone = hours === undefined ? 'Z' : `${hours}:${minutes}`;
  const milliseconds = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(milliseconds) ? null : Math.floor(milliseconds / 1000);
}

/**
 * Unix seconds from a time in seconds, milliseconds or a smaller unit, or from an ISO date, in UTC
 * unless it names another zone. Anything else is returned as it is.
 */
export function toSeconds(value: unknown): unknown {
  if (typeof value === 'number' && value >= 0) return fromNumber(value);
  if (typeof value !== 'string') return value;
  return fromText(value.trim()) ?? value;
}
