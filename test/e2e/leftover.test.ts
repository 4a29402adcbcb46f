import { createServer } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { callTool, initialize, startServer, temporaryFolder } from './server.ts';

const OPENAI_API_KEY = 'sk-test-1234567890abcdef';

/** A model endpoint of which only the address is particular. */
async function listen(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = z.object({ port: z.number() }).parse(server.address());
  return `http://127.0.0.1:${address.port}/v1`;
}

/** Puts the half minute behind it after which a dead process has lost its claim. */
function outliveLeases(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('update runs set lease_until = 0');
  database.close();
}

const begun = z.looseObject({ id: z.string(), thread_id: z.string() });
const thread = { messages: [{ role: 'user', content: 'Hello.' }] };

test('a run left behind by a killed process is carried on by the next, and locks nothing', async () => {
  const folder = temporaryFolder();
  const database = join(folder, 'runs.db');
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const silent = await listen(createServer(() => resolve()));
  const env = { OPENAI_API_KEY, OPENAI_BASE_URL: silent, ASSISTANTS_DATABASE: database };
  const first = startServer({ folder, env });
  await initialize(first);
  const assistant = begun
    .pick({ id: true })
    .parse(await callTool(first, 'create_assistant', { model: 'gpt-4.1-mini' }));
  const run = begun.parse(
    await callTool(first, 'create_thread_and_run', {
      assistant_id: assistant.id,
      thread,
      wait_seconds: 0,
    }),
  );
  await asked;
  first.signal('SIGKILL');
  await first.exited;
  outliveLeases(database);

  const second = startServer({ folder, args: ['--database', database, '--model-api', 'scripted'] });
  await initialize(second);
  const ids = { thread_id: run.thread_id, run_id: run.id };
  expect(await callTool(second, 'get_run', { ...ids, wait_seconds: 45 })).toMatchObject({
    status: 'completed',
  });
  const next = { thread_id: run.thread_id, assistant_id: assistant.id, wait_seconds: 45 };
  expect(await callTool(second, 'create_run', next)).toMatchObject({ status: 'completed' });
});

test('the key shows nowhere, even when the model endpoint repeats it', async () => {
  const refusing = await listen(
    createServer((request, response) => {
      const message = `Incorrect API key provided: ${request.headers.authorization}`;
      response.writeHead(401, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message, code: 'invalid_api_key', param: null } }));
    }),
  );
  const server = startServer({ env: { OPENAI_API_KEY, OPENAI_BASE_URL: refusing } });
  await initialize(server);
  const assistant = begun
    .pick({ id: true })
    .parse(await callTool(server, 'create_assistant', { model: 'gpt-4.1-mini' }));
  const args = { assistant_id: assistant.id, thread, wait_seconds: 45 };
  expect(await callTool(server, 'create_thread_and_run', args)).toMatchObject({
    status: 'failed',
    last_error: { message: expect.stringContaining('Incorrect API key provided') },
  });
  server.end();
  expect(await server.exited).toBe(0);
  expect(server.stdout() + server.stderr()).not.toContain('1234567890abcdef');
});
