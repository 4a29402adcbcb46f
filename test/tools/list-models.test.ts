import { expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { withUpstreamFiles } from '../../src/backend/files-proxy.ts';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { connectTools } from '../support/mcp.ts';

const model = (id: string) => ({ id, object: 'model', created: 1, owned_by: 'x', context: {} });

test('list_models returns the ids, or everything with verbose', async () => {
  const page = { object: 'list', data: [model('gpt-4.1-mini'), model('qwen3:8b')] };
  const { openai, requestLines } = createFakeServer({ 'GET /models': page });
  const host = await connectTools({ openai });
  const { object } = await host.call('list_models');
  expect(object).toEqual({ object: 'list', data: [{ id: 'gpt-4.1-mini' }, { id: 'qwen3:8b' }] });
  expect((await host.call('list_models', { verbose: true })).object).toEqual(page);
  expect(requestLines).toEqual(['GET /models', 'GET /models']);
});

test('a long list of models says how many are left out, and names the call that reads all', async () => {
  const data = Array.from({ length: 3000 }, (_, index) => model(`vendor/model-${index}`));
  const { openai } = createFakeServer({ 'GET /models': { object: 'list', data } });
  const host = await connectTools({ openai });
  const { object } = await host.call('list_models');
  const [, args = ''] =
    /^\d+ of 3000 items are here\. For all of them, call list_models with (\{.*\})\.$/u.exec(
      object.truncated,
    ) ?? [];
  expect(object).not.toHaveProperty('next');
  expect((await host.call('list_models', JSON.parse(args))).object.data).toHaveLength(3000);
});

test('list_models says so when the server does not list models', async () => {
  const { openai } = createFakeServer({ 'GET /models': errorResponse(404, 'Not Found') });
  const { failed, text } = await (await connectTools({ openai })).call('list_models');
  expect({ failed, text }).toEqual({
    failed: true,
    text: 'HTTP 404: This server does not list models.',
  });
});

test('with the embedded engine, list_models asks the model endpoint with its key', async () => {
  const requests: Request[] = [];
  const engine = { fetch: async () => Response.json({}), owns: async () => false };
  const endpoint = { apiKey: 'sk-endpoint-0123456789', baseURL: 'http://models.example/v1' };
  const fetch = withUpstreamFiles(engine, endpoint, async (input, init) => {
    requests.push(new Request(input, init));
    return Response.json({ object: 'list', data: [model('m')] });
  });
  const host = await connectTools({ openai: createClient({ fetch }) });
  expect((await host.call('list_models')).object.data).toEqual([{ id: 'm' }]);
  expect(requests[0]?.url).toBe('http://models.example/v1/models');
  expect(requests[0]?.headers.get('authorization')).toBe('Bearer sk-endpoint-0123456789');
});
