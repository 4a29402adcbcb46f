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

/** A remote Assistants server: the engine on a port, without its additional paths. */
async function startServer() {
  const harness = await setup({ model: 'scripted' });
  const requests: Request[] = [];
  const origin = await listen((request) => {
    requests.push(request);
    const { pathname } = new URL(request.url);
    const isThreadList = pathname === '/v1/threads' && request.method === 'GET';
    if (isThreadList || pathname.includes('/files')) {
      return new Response('<h1>Not Found</h1>', { status: 404 });
    }
    return harness.engine.fetch(request);
  });
  return { harness, requests, baseURL: `${origin}/v1` };
}

const apiKey = 'sk-remote-0123456789';

test.each(['2025', '2026'] as const)(
  'the run tools work with a remote server, for the %s client',
  async (generation) => {
    const { harness, requests, baseURL } = await startServer();
    const openai = createClient({ baseURL, apiKey, apiVersion: '2024-05-01-preview' });
    const host = await connectTools({
      isVerbose: true,
      openai,
      clock: workingClock(harness),
      generation,
    });
    const recorder = createCallRecorder(host);
    const { id: assistant_id } = await createAssistantByTool(recorder);
    await callRunTools(recorder, assistant_id);
    expect([...recorder.called].toSorted()).toEqual([
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

test('message files are derived and list_threads fails on a server that lacks both', async () => {
  const { baseURL } = await startServer();
  const openai = createClient({ baseURL, apiKey: null, apiVersion: null });
  const host = await connectTools({ isVerbose: true, openai });
  const { call } = createCallRecorder(host);
  const { id: thread_id } = await call('create_thread');
  const attachments = [{ file_id: 'file-abc', tools: [{ type: 'code_interpreter' }] }];
  const message = { thread_id, role: 'user', content: 'Read this.', attachments };
  const { id: message_id, created_at } = await call('create_message', message);
  const file = { id: 'file-abc', object: 'thread.message.file', created_at, message_id };
  const ids = { thread_id, message_id };
  expect((await call('list_message_files', ids)).data).toEqual([file]);
  expect(await call('get_message_file', { ...ids, file_id: 'file-abc' })).toEqual(file);
  expect((await host.call('list_threads')).text).toBe(
    'HTTP 404: This server does not list threads.',
  );
});

test('reports an unreachable server without its API key', async () => {
  const baseURL = 'http://127.0.0.1:1/v1';
  const openai = createClient({ baseURL, apiKey, apiVersion: null }).withOptions({ maxRetries: 0 });
  const host = await connectTools({ isVerbose: true, openai });
  const { failed, text } = await host.call('list_assistants');
  expect(failed).toBe(true);
  expect(text).toMatch(/\nCheck that http:\/\/127\.0\.0\.1:1\/v1 \(ASSISTANTS_BASE_URL\)/u);
  expect(text).not.toContain(apiKey);
});
