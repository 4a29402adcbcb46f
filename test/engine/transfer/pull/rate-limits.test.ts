import { describe, expect, test } from 'vitest';
import { pauseAfterMs, retryAfterMs } from '../../../../src/engine/transfer/pull/rate-limits.ts';
import { start } from '../../../support/clock.ts';

const after = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), start);

describe('the pause that a server asks for', () => {
  test.each([
    [{ 'retry-after-ms': '1500', 'retry-after': '2' }, 1500],
    [{ 'x-ms-retry-after-ms': '250' }, 250],
    [{ 'retry-after': '26' }, 26_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': new Date(start + 90_000).toUTCString() }, 90_000],
    [{ 'retry-after': new Date(start - 90_000).toUTCString() }, 0],
    [{ 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
    [{ 'x-ratelimit-reset-requests': '1h2m3.5s' }, 3_723_500],
    [{ 'x-ratelimit-reset-requests': '20ms' }, 20],
    [{ 'x-ratelimit-reset-tokens': '1s' }, 1000],
    [{ 'x-ratelimit-reset': '30' }, 30_000],
    [{ 'x-ratelimit-reset': String(start / 1000 + 12) }, 12_000],
    [{ 'ratelimit-reset': '7' }, 7000],
    [{ 'retry-after': 'soon', 'x-ratelimit-reset': '3' }, 3000],
  ])('%o', (headers, ms) => expect(after(headers)).toBe(ms));

  test.each([{}, { 'retry-after': 'soon' }, { 'retry-after': '' }])('is unknown: %o', (headers) =>
    expect(after(headers)).toBeNull(),
  );
});

test.each([
  [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '2s' }, 2000],
  [{ 'x-ratelimit-remaining-requests': '5', 'x-ratelimit-reset-requests': '2s' }, 0],
  [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' }, 9000],
  [{ 'ratelimit-remaining': '0' }, 0],
  [{}, 0],
])('pauses when a response was the last one allowed: %o', (headers, ms) =>
  expect(pauseAfterMs(new Headers(headers), start)).toBe(ms),
);
