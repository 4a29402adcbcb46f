import { createEmbeddedEngine } from '../../src/backend/embedded-engine.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import { createLog } from '../../src/shared/log.ts';
import { configOf } from './config.ts';

/** Queues a run in a database file, without a process that executes it. */
export async function queueRun(file: string) {
  const { engine, openai } = await createEmbeddedEngine({
    config: configOf({ argv: ['--database', file, '--model-api', 'scripted'] }),
    clock: systemClock,
    ids: randomIds,
    log: createLog({ level: 'error', secrets: [], now: () => 0, write: () => {} }),
  });
  const { id: assistant_id } = await openai.beta.assistants.create({ model: 'gpt-4.1-mini' });
  const messages = [{ role: 'user' as const, content: 'Hello.' }];
  const run = await openai.beta.threads.createAndRun({ assistant_id, thread: { messages } });
  await engine.stop(0);
  return run;
}
