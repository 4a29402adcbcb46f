import { expect, test } from 'vitest';
import { wreakHavoc } from '../../chaos/cycles.ts';
import { temporary } from '../support/files.ts';

/* `npm run chaos` does this for long; here it is made sure that it can be done. */

test('processes that are killed lose nothing and do nothing twice', async () => {
  const { violations, cycles, kills, runs, ended } = await wreakHavoc({
    database: temporary(),
    cycles: 6,
    workers: 2,
    seed: 7,
    log: temporary('chaos.log'),
  });
  expect(violations).toEqual([]);
  expect(cycles).toBe(6);
  expect(kills).toBeGreaterThanOrEqual(6);
  expect(runs).toBeGreaterThan(30);
  expect(ended['completed']).toBeGreaterThan(runs / 2);
}, 180_000);
