// One process of the fleet: an engine on the shared database, with its API on a free port, which it
// prints. Arguments: database, model endpoint URL, lease duration in milliseconds.
import { serve } from '@hono/node-server';
import { createResponsesModel } from '../src/engine/models/responses/model.ts';
import { openDatabase } from '../src/engine/store/open.ts';
import { createProcessEngine } from '../test/support/process-engine.ts';

const [, , location = ':memory:', baseURL = '', leaseMs = '1000'] = process.argv;

const engine = createProcessEngine({
  db: await openDatabase(location),
  model: createResponsesModel({ apiKey: null, baseURL }),
  runLifetime: 300,
  concurrency: 2,
  leaseMs: Number(leaseMs),
});
engine.start();
serve({ fetch: (request) => engine.fetch(request), hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  process.stdout.write(`${port}\n`),
);
