import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { startEndpoint } from './endpoint.ts';
import { callTool, initialize, type Server, startServer, temporaryFolder } from './server.ts';

const OPENAI_API_KEY = 'sk-test-1234567890abcdef';

const identified = z.looseObject({ id: z.string() });
const begun = z.looseObject({ id: z.string(), thread_id: z.string() });
const thread = { messages: [{ role: 'user', content: 'Hello.' }] };

/** Puts the half minute behind it after which a dead process has lost its claim. */
function outliveLeases(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('update runs set lease_until = 0');
  database.close();
}

/** A server in the middle of a run: its model has been asked, and will never answer. */
async function startRun(ASSISTANTS_DATABASE: string) {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const OPENAI_BASE_URL = await startEndpoint(() => resolve());
  const server = startServer({ env: { OPENAI_API_KEY, OPENAI_BASE_URL, ASSISTANTS_DATABASE } });
  await initialize(server);
  const model = 'gpt-4.1-mini';
  const { id: assistant_id } = identified.parse(
    await callTool(server, 'create_assistant', { model }),
  );
  const args = { assistant_id, thread, wait_seconds: 0 };
  const run = begun.parse(await callTool(server, 'create_thread_and_run', args));
  await asked;
  return { server, assistant_id, thread_id: run.thread_id, run_id: run.id };
}

async function restart(file: string): Promise<Server> {
  const server = startServer({ args: ['--database', file, '--model-api', 'scripted'] });
  await initialize(server);
  return server;
}

const completed = { status: 'completed' };

test('a run left behind by a killed process is carried on by the next, and locks nothing', async () => {
  const file = join(temporaryFolder(), 'runs.db');
  const { server: killed, assistant_id, thread_id, run_id } = await startRun(file);
  killed.signal('SIGKILL');
  await killed.exited;
  outliveLeases(file);
  const server = await restart(file);
  const get = { thread_id, run_id, wait_seconds: 45 };
  expect(await callTool(server, 'get_run', get)).toMatchObject(completed);
  const create = { thread_id, assistant_id, wait_seconds: 45 };
  expect(await callTool(server, 'create_run', create)).toMatchObject(completed);
});

test('a run under way at a clean end is carried on by the next process', async () => {
  const file = join(temporaryFolder(), 'runs.db');
  const { server: ended, thread_id, run_id } = await startRun(file);
  ended.end();
  expect(await ended.exited).toBe(0);
  const server = await restart(file);
  const get = { thread_id, run_id, wait_seconds: 45 };
  expect(await callTool(server, 'get_run', get)).toMatchObject(completed);
});

test.skipIf(process.platform === 'win32')('a second signal does not wait for runs', async () => {
  const { server } = await startRun(join(temporaryFolder(), 'runs.db'));
  server.signal('SIGTERM');
  await server.logged('"stopping"');
  server.signal('SIGTERM');
  expect(await server.exited).toBe(1);
});
