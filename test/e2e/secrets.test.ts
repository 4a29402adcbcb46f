import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { startEndpoint } from './endpoint.ts';
import { callTool, initialize, startServer, temporaryFolder } from './server.ts';

const OPENAI_API_KEY = 'sk-test-1234567890abcdef';

test('the key is redacted when the model endpoint repeats it in an error', async () => {
  const OPENAI_BASE_URL = await startEndpoint((request, response) => {
    const message = `Incorrect API key provided: ${request.headers.authorization}`;
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message, code: 'invalid_api_key', param: null } }));
  });
  const server = startServer({ env: { OPENAI_API_KEY, OPENAI_BASE_URL } });
  await initialize(server);
  const { id: assistant_id } = z
    .looseObject({ id: z.string() })
    .parse(await callTool(server, 'create_assistant', { model: 'gpt-4.1-mini' }));
  const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
  const args = { assistant_id, thread, wait_seconds: 45 };
  expect(await callTool(server, 'create_thread_and_run', args)).toMatchObject({
    status: 'failed',
    last_error: { message: expect.stringContaining('Incorrect API key provided') },
  });
  server.end();
  expect(await server.exited).toBe(0);
  expect(server.stdout() + server.stderr()).not.toContain('1234567890abcdef');
});

test('the key is not stored in the database', async () => {
  const database = join(temporaryFolder(), 'secrets.db');
  const OPENAI_BASE_URL = await startEndpoint((request, response) => {
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: `No: ${request.headers.authorization}` } }));
  });
  const env = { OPENAI_API_KEY, OPENAI_BASE_URL, ASSISTANTS_DATABASE: database };
  const server = startServer({ env });
  await initialize(server);
  const { id: assistant_id } = z
    .looseObject({ id: z.string() })
    .parse(await callTool(server, 'create_assistant', { model: 'gpt-4.1-mini' }));
  const thread = { messages: [{ role: 'user', content: 'Hello.' }] };
  await callTool(server, 'create_thread_and_run', { assistant_id, thread, wait_seconds: 45 });
  server.end();
  expect(await server.exited).toBe(0);
  const stored = readFileSync(database, 'latin1');
  expect(stored).toContain('No: Bearer [redacted]');
  expect(stored).not.toContain('1234567890abcdef');
});

test('the key is redacted when a remote server repeats it in an error', async () => {
  const ASSISTANTS_BASE_URL = await startEndpoint((request, response) => {
    const message = `Access denied for ${JSON.stringify(request.headers)}`;
    response.writeHead(401, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message } }));
  });
  const env = { OPENAI_API_KEY: 'an-azure-key-0123456789', ASSISTANTS_BASE_URL };
  const server = startServer({ env, args: ['--api-version', '2024-05-01-preview'] });
  await initialize(server);
  await expect(callTool(server, 'list_assistants', {})).rejects.toThrow('Access denied for');
  server.end();
  expect(await server.exited).toBe(0);
  expect(server.stdout() + server.stderr()).not.toContain('0123456789');
});
