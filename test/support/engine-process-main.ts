// One process of several on a database: an engine with its API on a free port, which it prints. SIGUSR2
// blocks its main thread until the file named in STALL_UNTIL exists. Arguments: database, model endpoint
// URL, lease duration in milliseconds, number of runs at once.
import { existsSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { createResponsesModel } from '../../src/engine/models/responses/model.ts';
import { createLeaseKeeper } from '../../src/engine/runs/lease-keeper.ts';
import { openDatabase } from '../../src/engine/store/open.ts';
import { createLog } from '../../src/shared/log.ts';
import { createProcessEngine } from './process-engine.ts';

const [, , location = ':memory:', baseURL = '', leaseMs = '1000', concurrency = '2'] = process.argv;
const releaseFile = process.env['STALL_UNTIL'] ?? '';

const pause = new Int32Array(new SharedArrayBuffer(4));
process.on('SIGUSR2', () => {
  process.stdout.write('stalled\n');
  while (!existsSync(releaseFile)) Atomics.wait(pause, 0, 0, 10);
});

const log = createLog({
  level: 'warn',
  secrets: [],
  now: () => Date.now(),
  write: (line) => void process.stderr.write(line),
});
const engine = await createProcessEngine({
  db: await openDatabase(location),
  model: createResponsesModel({ apiKey: null, baseURL }),
  leaseKeeper: createLeaseKeeper(location, log),
  runLifetime: 300,
  concurrency: Number(concurrency),
  leaseMs: Number(leaseMs),
});
engine.start();
serve({ fetch: (request) => engine.fetch(request), hostname: '127.0.0.1', port: 0 }, ({ port }) =>
  process.stdout.write(`${port}\n`),
);
