import { expect, test } from 'vitest';
import { createPollBackoff, type PollBackoff } from '../../../src/engine/store/poll-backoff.ts';

const nextDelays = (backoff: PollBackoff, count = 7) =>
  Array.from({ length: count }, () => backoff.nextDelayMs());

test('the delay between polls doubles up to 5 s, and starts again at 1 s after a reset', () => {
  const backoff = createPollBackoff(null);
  expect(nextDelays(backoff)).toEqual([1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  backoff.reset();
  expect(backoff.nextDelayMs()).toBe(1000);
});

test('the delay between polls grows up to 30 s only while notifications are connected', () => {
  const notifications = { isConnected: true };
  const backoff = createPollBackoff(notifications);
  expect(nextDelays(backoff)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  notifications.isConnected = false;
  backoff.nextDelayMs();
  expect(backoff.nextDelayMs()).toBe(5000);
});

test('a due run shortens the delay between polls, but not below 250 ms', () => {
  const backoff = createPollBackoff(null);
  const delays = [700, 0, -5000].map((untilDueMs) => backoff.nextDelayMs(untilDueMs));
  expect(delays).toEqual([700, 250, 250]);
});
