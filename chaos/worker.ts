// One process of the fleet: an engine on the shared database and its API on a port of its own, which
// it says on stdout. Arguments: the database, the model endpoint's URL, milliseconds of a lease.
import { serve } from '@hono/node-server';
import { randomIds, systemClock } from '../src/clock.ts';
import { createEngine } from '../src/engine/index.ts';
import { createResponsesModel } from '../src/engine/models/responses.ts';
import { openDatabase } from '../src/engine/store/db.ts';
import { createLog } from '../src/log.ts';

const [, , location = ':memory:', baseURL = '', lease = '1000'] = process.argv;

const engine = createEngine({
  db: await openDatabase(location),
  model: createResponsesModel({ apiKey: null, baseURL }),
  files: null,
  clock: systemClock,
  ids: randomIds,
  log: createLog({
    level: 'warn',
    secrets: [],
    now: () => systemClock.now(),
    write: (line) => void process.stderr.write(line),
  }),
  runLifetime: 300,
  concurrency: 2,
  modelFor: (named) => named,
  leaseDuration: Number(lease),
});
engine.start();
serve({ fetch: (request) => engine.fetch(request), hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  process.stdout.write(`${port}\n`),
);
