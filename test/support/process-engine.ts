import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import { openSharedClock } from '../../src/engine/store/shared-clock.ts';
import { createLog } from '../../src/shared/log.ts';

/** An engine for a separate process: its machine's clock, random ids, warnings and errors on stderr. */
export async function createProcessEngine(
  options: Pick<EngineOptions, 'db' | 'model'> & Partial<EngineOptions>,
): Promise<Engine> {
  const log = createLog({
    level: 'warn',
    secrets: [],
    now: () => systemClock.now(),
    write: (line) => void process.stderr.write(line),
  });
  return createEngine({
    files: null,
    fileOwner: { decide: async () => 'local', known: () => 'local' },
    fileLimits: { maxFileBytes: 2 ** 29, maxStorageBytes: 2 ** 36 },
    clock: await openSharedClock(options.db, systemClock, log),
    ids: randomIds,
    log,
    runLifetime: 600,
    concurrency: 16,
    modelFor: (requested) => requested,
    ...options,
  });
}
