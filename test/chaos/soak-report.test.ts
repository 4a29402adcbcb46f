import { expect, test } from 'vitest';
import {
  describeReport,
  findMisses,
  percentile,
  type SoakReport,
} from '../../chaos/soak/report.ts';

const mebibyte = 2 ** 20;
const repeated = <T>(value: T, length: number): T[] => Array.from({ length }, () => value);

const samplesOf = (latenciesMs: number[]) => new Map([['REST', { latenciesMs, hostileCalls: 5 }]]);

/** A report without misses. */
function reportOf(changes: Partial<SoakReport> = {}): SoakReport {
  return {
    calm: samplesOf(repeated(10, 100)),
    hostile: samplesOf(repeated(30, 100)),
    lost: [],
    doubled: [],
    memory: [{ name: 'serve', samples: repeated(200 * mebibyte, 20) }],
    ...changes,
  };
}

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
])('the percentile %f of 1 to 100 is %i', (share, value) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, share)).toBe(value);
});

test('a soak within its limits has no misses', () => {
  expect(findMisses(reportOf())).toEqual([]);
  expect(describeReport(reportOf()).at(-1)).toBe('0 calls lost, 0 runs doubled');
});

test('a soak misses its limits when calls are slow, missing, lost or doubled, or memory grows', () => {
  const slow = ['MISSED: REST: p99 with hostile inputs is too high.'];
  expect(findMisses(reportOf({ hostile: samplesOf(repeated(31, 100)) }))).toEqual(slow);
  expect(findMisses(reportOf({ hostile: samplesOf([]) }))).toEqual(slow);
  expect(findMisses(reportOf({ lost: ['a'], doubled: ['b'] }))).toEqual([
    'MISSED: lost: a',
    'MISSED: doubled: b',
  ]);
  const growing = Array.from({ length: 20 }, (_, index) => (200 + 10 * index) * mebibyte);
  expect(findMisses(reportOf({ memory: [{ name: 'serve', samples: growing }] }))).toEqual([
    'MISSED: serve: memory grows.',
  ]);
});
