import { expect, test } from 'vitest';
import { Lookout } from '../../../src/engine/runs/poll-backoff.ts';

const waits = (lookout: Lookout, count = 7) => Array.from({ length: count }, () => lookout.next());

test('looks become rarer while nothing happens, and frequent again when something does', () => {
  const lookout = new Lookout(null);
  expect(waits(lookout)).toEqual([1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  lookout.stir();
  expect(lookout.next()).toBe(1000);
});

test('they are rarest where others are heard, and not where they no longer are', () => {
  const signals = { isHearing: true };
  const lookout = new Lookout(signals);
  expect(waits(lookout)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  signals.isHearing = false;
  lookout.next();
  expect(lookout.next()).toBe(5000);
});

test('a run that needs somebody is not waited for longer, nor spun on', () => {
  const lookout = new Lookout(null);
  expect([lookout.next(700), lookout.next(0), lookout.next(-5000)]).toEqual([700, 250, 250]);
});
