import { randomIds, systemClock } from '../../src/clock.ts';
import { createEngine } from '../../src/engine/index.ts';
import { createScriptedModel } from '../../src/engine/models/scripted.ts';
import { openDatabase } from '../../src/engine/store/db.ts';
import { createLog } from '../../src/log.ts';

/* Started by contender.ts: DATABASE PATH COUNT BODY. */
const [, , database = '', path = '', count = '0', body = '{}'] = process.argv;

const engine = createEngine({
  db: await openDatabase(database),
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

const send = async () => {
  const request = new Request(`http://embedded/v1${path}`, { method: 'POST', body });
  const { status } = await engine.fetch(request);
  return status;
};

const statuses = await Promise.all(Array.from({ length: Number(count) }, send));
await engine.stop(0);
process.stdout.write(JSON.stringify(statuses));
