import { expect, test } from 'vitest';
import { toSeconds } from '../../../../src/engine/transfer/pull/times.ts';

test.each([
  [1_790_000_000, 1_790_000_000],
  [1_790_000_000.75, 1_790_000_000],
  [1_790_000_000_123, 1_790_000_000],
  ['1790000000', 1_790_000_000],
  ['2026-09-21T14:13:20Z', 1_790_000_000],
  ['2026-09-21T14:13:20.123456', 1_790_000_000],
  ['2026-09-21 16:13:20+02:00', 1_790_000_000],
  [0, 0],
])('reads %j as Unix seconds', (value, seconds) => expect(toSeconds(value)).toBe(seconds));

test.each([null, undefined, '', 'yesterday', {}, NaN])('finds no time in %j', (value) =>
  expect(toSeconds(value)).toBeUndefined(),
);
