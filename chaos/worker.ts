// One process of the fleet: an engine on the shared database and its API on a port of its own, which
// it says on stdout. Arguments: the database, the model endpoint's URL, milliseconds of a lease.
import { serve } from '@hono/node-server';
import { createResponsesModel } from '../src/engine/models/responses/model.ts';
import { openDatabase } from '../src/engine/store/open.ts';
import { createProcessEngine } from '../test/support/process-engine.ts';

const [, , location = ':memory:', baseURL = '', lease = '1000'] = process.argv;

const engine = createProcessEngine({
  db: await openDatabase(location),
  model: createResponsesModel({ apiKey: null, baseURL }),
  runLifetime: 300,
  concurrency: 2,
  leaseMs: Number(lease),
});
engine.start();
serve({ fetch: (request) => engine.fetch(request), hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  process.stdout.write(`${port}\n`),
);
