import { expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { setup } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { connectTools } from '../support/mcp.ts';
import {
  createCallRecorder,
  createAssistantByTool,
  callRunTools,
  workingClock,
} from '../support/all-operations.ts';

/** An Assistants server elsewhere: the engine on a port, without the paths it alone has. */
async function startServer() {
  const harness = await setup({ model: 'scripted' });
  const requests: Request[] = [];
  const origin = await listen((request) => {
    requests.push(request);
    const { pathname } = new URL(request.url);
    const lacking = pathname === '/v1/threads' && request.method === 'GET';
    if (lacking || pathname.includes('/files')) {
      return new Response('<h1>Not Found</h1>', { status: 404 });
    }
    return harness.engine.fetch(request);
  });
  return { it: harness, requests, baseURL: `${origin}/v1` };
}

const apiKey = 'sk-remote-0123456789';

test.each(['old', 'new'] as const)(
  'the tools of runs work elsewhere, for the %s client',
  async (generation) => {
    const { it: harness, requests, baseURL } = await startServer();
    const openai = createClient({ baseURL, apiKey, apiVersion: '2024-05-01-preview' });
    const host = await connectTools({ openai, clock: workingClock(harness), generation });
    const tour = createCallRecorder(host);
    const { id: assistant_id } = await createAssistantByTool(tour);
    await callRunTools(tour, assistant_id);
    expect([...tour.called].toSorted()).toEqual([
      'cancel_run',
      'create_assistant',
      'create_run',
      'create_thread_and_run',
      'get_run',
      'list_runs',
      'modify_run',
      'submit_tool_outputs',
    ]);
    for (const { url, headers } of requests) {
      expect(new URL(url).searchParams.get('api-version')).toBe('2024-05-01-preview');
      expect(headers.get('api-key')).toBe(apiKey);
    }
  },
);

test('what a server elsewhere lacks is derived, or said', async () => {
  const { baseURL } = await startServer();
  const openai = createClient({ baseURL, apiKey: null, apiVersion: null });
  const host = await connectTools({ openai });
  const { call } = createCallRecorder(host);
  const { id: thread_id } = await call('create_thread');
  const attachments = [{ file_id: 'file-abc', tools: [{ type: 'code_interpreter' }] }];
  const written = { thread_id, role: 'user', content: 'Read this.', attachments };
  const { id: message_id, created_at } = await call('create_message', written);
  const file = { id: 'file-abc', object: 'thread.message.file', created_at, message_id };
  const place = { thread_id, message_id };
  expect((await call('list_message_files', place)).data).toEqual([file]);
  expect(await call('get_message_file', { ...place, file_id: 'file-abc' })).toEqual(file);
  expect((await host.call('list_threads')).text).toBe(
    'HTTP 404: This server does not list threads.',
  );
});

test('a server that is not there is said to be out of reach', async () => {
  const baseURL = 'http://127.0.0.1:1/v1';
  const openai = createClient({ baseURL, apiKey, apiVersion: null }).withOptions({ maxRetries: 0 });
  const host = await connectTools({ openai });
  const { failed, text } = await host.call('list_assistants');
  expect(failed).toBe(true);
  expect(text).toMatch(/\nCheck that http:\/\/127\.0\.0\.1:1\/v1 \(ASSISTANTS_BASE_URL\)/u);
  expect(text).not.toContain(apiKey);
});
