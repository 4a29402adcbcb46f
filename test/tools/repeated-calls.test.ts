import { expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { setup } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { connectTools } from '../support/mcp.ts';
import { createAssistantByTool, createCallRecorder } from '../support/all-operations.ts';
import { readMessages } from '../support/conversation.ts';

/** A remote Assistants server whose first answer to each path is lost. */
async function startLossyServer() {
  const harness = await setup({ model: 'scripted' });
  const lost = new Set<string>();
  const origin = await listen(async (request) => {
    const { pathname } = new URL(request.url);
    const response = await harness.engine.fetch(request);
    if (request.method === 'GET' || lost.has(pathname)) return response;
    lost.add(pathname);
    return new Response(null, { status: 502, headers: { 'retry-after-ms': '1' } });
  });
  return { harness, lost, baseURL: `${origin}/v1` };
}

test('calls on a remote server whose answers are lost are made once', async () => {
  const { harness, lost, baseURL } = await startLossyServer();
  const openai = createClient({ baseURL, apiKey: null, apiVersion: null });
  const host = await connectTools({ openai });
  const { id: assistant_id } = await createAssistantByTool(createCallRecorder(host));
  const message = { role: 'user', content: 'Hello.' };
  const thread_id: string = (await host.call('create_thread', {})).object.id;
  await host.call('create_message', { thread_id, ...message });
  await host.call('create_run', { thread_id, assistant_id, wait_seconds: 0 });
  const thread = { messages: [message] };
  await host.call('create_thread_and_run', { assistant_id, thread, wait_seconds: 0 });
  expect([...lost]).toEqual([
    '/v1/assistants',
    '/v1/threads',
    `/v1/threads/${thread_id}/messages`,
    `/v1/threads/${thread_id}/runs`,
    '/v1/threads/runs',
  ]);
  expect((await harness.openai.beta.assistants.list()).data).toHaveLength(1);
  expect((await harness.request('GET', '/threads')).body.data).toHaveLength(2);
  expect(await readMessages(harness, thread_id)).toHaveLength(1);
  expect((await harness.openai.beta.threads.runs.list(thread_id)).data).toHaveLength(1);
});
