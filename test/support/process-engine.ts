import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { createLog } from '../../src/shared/log.ts';

/** An engine for a separate process: system clock, random ids, warnings and errors on stderr. */
export const createProcessEngine = (
  options: Pick<EngineOptions, 'db' | 'model'> & Partial<EngineOptions>,
): Engine =>
  createEngine({
    files: null,
    clock: systemClock,
    ids: randomIds,
    log: createLog({
      level: 'warn',
      secrets: [],
      now: () => systemClock.now(),
      write: (line) => void process.stderr.write(line),
    }),
    runLifetime: 600,
    concurrency: 16,
    modelFor: (requested) => requested,
    ...options,
  });
