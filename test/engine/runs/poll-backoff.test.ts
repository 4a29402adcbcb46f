import { expect, test } from 'vitest';
import { PollBackoff } from '../../../src/engine/runs/poll-backoff.ts';

const waits = (lookout: PollBackoff, count = 7) =>
  Array.from({ length: count }, () => lookout.nextDelayMs());

test('looks become rarer while nothing happens, and frequent again when something does', () => {
  const lookout = new PollBackoff(null);
  expect(waits(lookout)).toEqual([1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  lookout.reset();
  expect(lookout.nextDelayMs()).toBe(1000);
});

test('they are rarest where others are heard, and not where they no longer are', () => {
  const signals = { isConnected: true };
  const lookout = new PollBackoff(signals);
  expect(waits(lookout)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  signals.isConnected = false;
  lookout.nextDelayMs();
  expect(lookout.nextDelayMs()).toBe(5000);
});

test('a run that needs somebody is not waited for longer, nor spun on', () => {
  const lookout = new PollBackoff(null);
  expect([lookout.nextDelayMs(700), lookout.nextDelayMs(0), lookout.nextDelayMs(-5000)]).toEqual([
    700, 250, 250,
  ]);
});
