import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { startEndpoint } from './endpoint.ts';
import { callTool, initialize, type Server, startServer, temporaryFolder } from './server.ts';

const OPENAI_API_KEY = 'sk-test-1234567890abcdef';

const withId = z.looseObject({ id: z.string() });
const createdRun = z.looseObject({ id: z.string(), thread_id: z.string() });
const thread = { messages: [{ role: 'user', content: 'Hello.' }] };

/** Expires the leases of a killed process, instead of waiting for it. */
function expireLeases(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('update runs set lease_until = 0');
  database.close();
}

/** Starts a server with a run in progress, whose model never responds. */
async function startRun(ASSISTANTS_DATABASE: string) {
  const { promise: requested, resolve } = Promise.withResolvers<void>();
  const OPENAI_BASE_URL = await startEndpoint(() => resolve());
  const server = startServer({ env: { OPENAI_API_KEY, OPENAI_BASE_URL, ASSISTANTS_DATABASE } });
  await initialize(server);
  const model = 'gpt-4.1-mini';
  const { id: assistant_id } = withId.parse(await callTool(server, 'create_assistant', { model }));
  const args = { assistant_id, thread, wait_seconds: 0 };
  const run = createdRun.parse(await callTool(server, 'create_thread_and_run', args));
  await requested;
  return { server, assistant_id, thread_id: run.thread_id, run_id: run.id };
}

async function restart(file: string): Promise<Server> {
  const server = startServer({ args: ['--database', file, '--model-api', 'scripted'] });
  await initialize(server);
  return server;
}

const completed = { status: 'completed' };

test('the next process completes the run of a killed one and unlocks its thread', async () => {
  const file = join(temporaryFolder(), 'runs.db');
  const { server: killed, assistant_id, thread_id, run_id } = await startRun(file);
  killed.signal('SIGKILL');
  await killed.exited;
  expireLeases(file);
  const server = await restart(file);
  const get = { thread_id, run_id, wait_seconds: 45 };
  expect(await callTool(server, 'get_run', get)).toMatchObject(completed);
  const create = { thread_id, assistant_id, wait_seconds: 45 };
  expect(await callTool(server, 'create_run', create)).toMatchObject(completed);
});

test('the next process completes a run that was in progress at shutdown', async () => {
  const file = join(temporaryFolder(), 'runs.db');
  const { server: stopped, thread_id, run_id } = await startRun(file);
  stopped.end();
  expect(await stopped.exited).toBe(0);
  const server = await restart(file);
  const get = { thread_id, run_id, wait_seconds: 45 };
  expect(await callTool(server, 'get_run', get)).toMatchObject(completed);
});

test.skipIf(process.platform === 'win32')(
  'the server exits with 1 at once on a second signal',
  async () => {
    const { server } = await startRun(join(temporaryFolder(), 'runs.db'));
    server.signal('SIGTERM');
    await server.logged('"stopping"');
    server.signal('SIGTERM');
    expect(await server.exited).toBe(1);
  },
);
