/** A duration as people read it: `0.4 s`, `12 s`, `3 min 5 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${(minutes / 60).toFixed(1)} h`;
}

const number = new Intl.NumberFormat('en');

export const formatNumber = (value: number): string => number.format(value);

/** `1.2k`, for columns. */
export function formatShort(value: number): string {
  if (value < 1000) return String(value);
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(1)}M`;
}

const ages: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** How long ago something happened: `now`, `5 min`, `3 h`, `12 d`. Times are Unix seconds. */
export function formatAge(time: number, now: number): string {
  const age = Math.max(0, now - time);
  const unit = ages.find(([seconds]) => age >= seconds);
  return unit === undefined ? 'now' : `${Math.floor(age / unit[0])} ${unit[1]}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dateAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const formatClock = (time: number): string => clock.format(time * 1000);

export const formatDate = (time: number): string => dateAndTime.format(time * 1000);

/** In bytes; for texts, their characters. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** The end of an id, which tells it from others. */
export const shortId = (id: string): string =>
  id.length > 14 ? `${id.slice(0, 4)}…${id.slice(-6)}` : id;

/** JSON text laid out on lines; any other text as it is. */
export function layOutJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
