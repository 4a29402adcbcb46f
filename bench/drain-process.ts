// Started by drain.ts: executes the runs of a database until there are none, once it is told to, by a
// model that thinks for about so many milliseconds; at its end says how much processor time that took.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../src/shared/clock.ts';
import type { Model } from '../src/engine/models/model.ts';
import { createScriptedModel } from '../src/engine/models/scripted.ts';
import { openDatabase } from '../src/engine/store/open.ts';
import { claimableRuns } from '../src/engine/store/leases.ts';
import { createProcessEngine } from '../test/support/process-engine.ts';

const [, , location = '', thinking = '0'] = process.argv;

const scripted = createScriptedModel();
const model: Model = {
  ...scripted,
  async *respond(request) {
    // No two answers take the same time, or all runs would want the processor at once.
    if (thinking !== '0') await setTimeout(Number(thinking) * (0.5 + Math.random()));
    yield* scripted.respond(request);
  },
};

const db = await openDatabase(location);
const engine = createProcessEngine({ db, model });

const hasWork = async () => {
  const now = systemClock.now();
  const moment = { seconds: Math.floor(now / 1000), milliseconds: now };
  const runs = await claimableRuns(db, moment, { limit: 1, except: [] });
  return runs.length > 0;
};

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const before = process.cpuUsage();
engine.start();
while (await hasWork()) await systemClock.sleep(100);
await engine.stop(60_000);
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / 1e6}\n`);
process.stdin.destroy();
