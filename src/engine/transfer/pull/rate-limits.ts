/* How long a server asks its callers to wait, in the headers that servers use for it. */

/** `1s`, `6m0s`, `20ms`: what OpenAI sends. */
const duration =
  /^(?:(?<h>\d{1,9})h)?(?:(?<m>\d{1,9})m(?!s))?(?:(?<s>\d{1,9}(?:\.\d{1,9})?)s)?(?:(?<ms>\d{1,9}(?:\.\d{1,9})?)ms)?$/u;

/** A number above this is a point in time, not a period. */
const minEpochSeconds = 1_000_000_000;

function parsePeriod(text: string, nowMs: number): number | null {
  if (/^\d{1,15}(?:\.\d{1,9})?$/u.test(text)) {
    const seconds = Number(text);
    return seconds >= minEpochSeconds ? seconds * 1000 - nowMs : seconds * 1000;
  }
  const { h = 0, m = 0, s = 0, ms = 0 } = duration.exec(text)?.groups ?? {};
  const periodMs = Number(h) * 3_600_000 + Number(m) * 60_000 + Number(s) * 1000 + Number(ms);
  if (periodMs > 0) return periodMs;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : date - nowMs;
}

function firstPeriod(headers: Headers, names: readonly string[], nowMs: number): number | null {
  for (const name of names) {
    const text = headers.get(name)?.trim() ?? '';
    const periodMs = text === '' ? null : parsePeriod(text, nowMs);
    if (periodMs !== null) return Math.max(0, periodMs);
  }
  return null;
}

const resetHeaders = [
  'x-ratelimit-reset-requests',
  'x-ratelimit-reset-tokens',
  'x-ratelimit-reset',
  'ratelimit-reset',
];

/** How long to wait before a refused request is sent again; null if the server does not say. */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const text = headers.get(name)?.trim() ?? '';
    if (/^\d{1,12}(?:\.\d{1,9})?$/u.test(text)) return Number(text);
  }
  return firstPeriod(headers, ['retry-after', ...resetHeaders], nowMs);
}

const remainingHeaders = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
] as const;

/** How long to wait before the next request, by a response that was the last one allowed; else 0. */
export function pauseAfterMs(headers: Headers, nowMs: number): number {
  for (const [remaining, reset] of remainingHeaders) {
    if (headers.get(remaining)?.trim() === '0') return firstPeriod(headers, [reset], nowMs) ?? 0;
  }
  return 0;
}
