// Started by drain.ts. Prints `ready`, waits for a line on stdin, executes all runs of a database, and
// prints the CPU seconds that took. Arguments: database, average duration of a model call in ms.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../src/shared/clock.ts';
import type { Model } from '../src/engine/models/model.ts';
import { createScriptedModel } from '../src/engine/models/scripted.ts';
import { openDatabase } from '../src/engine/store/open.ts';
import { claimableRuns } from '../src/engine/store/leases.ts';
import { createProcessEngine } from '../test/support/process-engine.ts';

const [, , location = '', modelCallMs = '0'] = process.argv;

const scripted = createScriptedModel();
const model: Model = {
  ...scripted,
  async *respond(request) {
    // Durations vary, because otherwise all runs would need the CPU at the same moments.
    if (modelCallMs !== '0') await setTimeout(Number(modelCallMs) * (0.5 + Math.random()));
    yield* scripted.respond(request);
  },
};

const db = await openDatabase(location);
const engine = await createProcessEngine({ db, model });

const hasRuns = async () => {
  const now = systemClock.now();
  const instant = { seconds: Math.floor(now / 1000), milliseconds: now };
  const runs = await claimableRuns(db, instant, { limit: 1, except: [] });
  return runs.length > 0;
};

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const cpuAtStart = process.cpuUsage();
engine.start();
while (await hasRuns()) await systemClock.sleep(100);
await engine.stop(60_000);
const { user, system } = process.cpuUsage(cpuAtStart);
process.stdout.write(`${(user + system) / 1e6}\n`);
process.stdin.destroy();
