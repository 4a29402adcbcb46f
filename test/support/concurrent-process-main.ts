import { createScriptedModel } from '../../src/engine/models/scripted.ts';
import { openDatabase } from '../../src/engine/store/open.ts';
import { createProcessEngine } from './process-engine.ts';

// Started by concurrent-process.ts. Arguments: database, path, number of requests, body.
const [, , database = '', path = '', count = '0', body = '{}'] = process.argv;

const engine = await createProcessEngine({
  db: await openDatabase(database),
  model: createScriptedModel(),
});

const send = async () => {
  const request = new Request(`http://embedded/v1${path}`, { method: 'POST', body });
  const { status } = await engine.fetch(request);
  return status;
};

const statuses = await Promise.all(Array.from({ length: Number(count) }, send));
await engine.stop(0);
process.stdout.write(JSON.stringify(statuses));
