// Started by drain.ts: executes the runs of a database until there are none, once it is told to.
import { once } from 'node:events';
import { randomIds, systemClock } from '../src/clock.ts';
import { createEngine } from '../src/engine/index.ts';
import { createScriptedModel } from '../src/engine/models/scripted.ts';
import { openDatabase } from '../src/engine/store/db.ts';
import { claimableRuns } from '../src/engine/store/leases.ts';
import { createLog } from '../src/log.ts';

const db = await openDatabase(process.argv[2] ?? '');
const engine = createEngine({
  db,
  model: createScriptedModel(),
  files: null,
  clock: systemClock,
  ids: randomIds,
  log: createLog({
    level: 'error',
    secrets: [],
    now: () => systemClock.now(),
    write: (line) => void process.stderr.write(line),
  }),
  runLifetime: 600,
  concurrency: 16,
  modelFor: (named) => named,
});

const hasWork = async () => {
  const now = systemClock.now();
  const moment = { seconds: Math.floor(now / 1000), milliseconds: now };
  const runs = await claimableRuns(db, moment, { limit: 1, except: [] });
  return runs.length > 0;
};

process.stdout.write('ready\n');
await once(process.stdin, 'data');
engine.start();
while (await hasWork()) await systemClock.sleep(100);
await engine.stop(60_000);
process.stdin.destroy();
