import { expect, onTestFinished, test } from 'vitest';
import { wreakHavoc } from '../../chaos/cycles.ts';
import { createPlace, kinds, whyNoPlace } from '../../chaos/place.ts';
import { temporary } from '../support/temporary-files.ts';
import { postgresServer } from '../support/postgres.ts';

/* `npm run chaos` does this for long; here it is made sure that it can be done. */

const cyclesOn = { sqlite: 5, postgres: 4, restarts: 3 } as const;

test.for(kinds)(
  'processes that are killed lose nothing and do nothing twice (%s)',
  { timeout: 180_000 },
  async (kind, { skip }) => {
    const reason = whyNoPlace(kind, postgresServer);
    if (reason !== null) skip(reason);
    const cycles = cyclesOn[kind];
    const place = await createPlace(kind, { folder: temporary('.'), server: postgresServer });
    onTestFinished(() => place.remove());
    const log = temporary('chaos.log');
    const figures = await wreakHavoc({ ...place, cycles, workers: 2, seed: 7, log });
    const { violations, kills, restarts, runs, ended } = figures;
    expect({ violations, cycles: figures.cycles }).toEqual({ violations: [], cycles });
    expect(kills + restarts).toBeGreaterThanOrEqual(cycles);
    expect(restarts > 0).toBe(kind === 'restarts');
    expect(runs).toBeGreaterThan(5 * cycles);
    expect(ended['completed']).toBeGreaterThan(runs / 2);
  },
);
