import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { apiKey, setup } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';
import { createCallRecorder } from '../support/all-operations.ts';

/** Clients of the engine, which proxies the endpoint's files, and of the file server itself. */
const clients = {
  embedded: async () => {
    const harness = await setup();
    return { harness, openai: createClient({ fetch: harness.fetchWithFiles }) };
  },
  remote: async () => {
    const harness = await setup();
    const origin = await listen((request) => harness.storage.fetch(request));
    return {
      harness,
      openai: createClient({ baseURL: `${origin}/v1`, apiKey, apiVersion: null }),
    };
  },
};

describe.each(['embedded', 'remote'] as const)('%s client', (mode) => {
  test.each(['2025', '2026'] as const)(
    'uploads, lists, reads and deletes files for the %s client',
    async (generation) => {
      const { harness, openai } = await clients[mode]();
      const { call } = createCallRecorder(await connectTools({ openai, generation }));
      const filename = 'notes – 1.txt';
      const { id: file_id, ...fields } = await call('upload_file', { filename, text: 'Grüße 👋' });
      expect(fields).toMatchObject({ object: 'file', filename, purpose: 'assistants', bytes: 12 });
      const base64 = 'AAEC/\nw==';
      const other = await call('upload_file', { filename: 'x.bin', base64, purpose: 'user_data' });
      expect(other).toMatchObject({ purpose: 'user_data', bytes: 4 });
      const stored = harness.storage.files.get(other.id)?.content;
      expect(await stored?.bytes()).toEqual(new Uint8Array([0, 1, 2, 255]));
      const { data } = await call('list_files');
      expect(data.map(({ id }: { id: string }) => id).toSorted()).toEqual([file_id, other.id]);
      expect(await call('get_file', { file_id })).toEqual({ id: file_id, ...fields });
      expect(await call('get_file_content', { file_id })).toEqual({
        file_id,
        filename,
        bytes: 12,
        offset: 0,
        text: 'Grüße 👋',
      });
      const deleted = { id: file_id, object: 'file', deleted: true };
      expect(await call('delete_file', { file_id })).toEqual(deleted);
      expect([...harness.storage.files.keys()]).toEqual([other.id]);
    },
  );
});

test('list_files sends its parameters and a default limit', async () => {
  const page = { object: 'list', data: [{ id: 'file-a' }], has_more: true };
  const server = createFakeServer({ 'GET /files': page });
  const host = await connectTools({ openai: server.openai });
  expect((await host.call('list_files')).object).toEqual(page);
  await host.call('list_files', { limit: 5, order: 'asc', after: 'file-x', purpose: 'vision' });
  expect(server.requestLines).toEqual([
    'GET /files?limit=20',
    'GET /files?limit=5&order=asc&after=file-x&purpose=vision',
  ]);
});

test('an attachment can be read through list_message_files', async () => {
  const { openai } = await clients.embedded();
  const { call } = createCallRecorder(await connectTools({ openai }));
  const { id: file_id } = await call('upload_file', { filename: 'a.txt', text: 'Oslo' });
  const attachments = [{ file_id, tools: [{ type: 'code_interpreter' }] }];
  const messages = [{ role: 'user', content: 'Read this.', attachments }];
  const { id: thread_id } = await call('create_thread', { messages });
  const [{ id: message_id }] = (await call('list_messages', { thread_id })).data;
  const [link] = (await call('list_message_files', { thread_id, message_id })).data;
  expect((await call('get_file_content', { file_id: link.id })).text).toBe('Oslo');
});

const fileToolCalls: readonly (readonly [tool: string, args: object])[] = [
  ['upload_file', { filename: 'a.txt', text: 'x' }],
  ['list_files', {}],
  ['list_files', { after: 'file-a' }],
  ['get_file', { file_id: 'file-a' }],
  ['get_file_content', { file_id: 'file-a' }],
  ['delete_file', { file_id: 'file-a' }],
];

describe.each(fileToolCalls)('%s %j', (tool, args) => {
  test('reports that the scripted model keeps no files', async () => {
    const harness = await setup({ model: 'scripted', keepsFiles: 'endpoint' });
    const host = await connectTools({ openai: createClient({ fetch: harness.fetchWithFiles }) });
    const { failed, text } = await host.call(tool, args);
    expect(failed).toBe(true);
    expect(text).toMatch(
      /^HTTP 501: [A-Z]+ \/v1\/files\S* is not supported here: the scripted model supports only assistants and threads\.\n\(code: unsupported_endpoint\)$/u,
    );
  });

  test.each([
    ['404 page not found', () => new Response('404 page not found', { status: 404 })],
    ['405', () => errorResponse(405, 'Method Not Allowed')],
    ['501', () => errorResponse(501, 'Not implemented.')],
  ])('reports that the endpoint does not store files when it answers %s', async (_, respond) => {
    const openai = createClient({ fetch: async () => respond() });
    const host = await connectTools({ openai });
    const { failed, text } = await host.call(tool, args);
    expect({ failed, text: text.replace(/\d+/u, '4xx') }).toEqual({
      failed: true,
      text: 'HTTP 4xx: This endpoint does not store files.',
    });
  });
});

test('an unknown file is not found, and the advice names list_files', async () => {
  const { openai } = await clients.embedded();
  const host = await connectTools({ openai });
  for (const tool of ['get_file', 'get_file_content', 'delete_file']) {
    const { failed, text } = await host.call(tool, { file_id: 'file-z' });
    expect({ failed, text }).toEqual({
      failed: true,
      text: 'HTTP 404: No such File object: file-z\nCall list_files to see which exist.',
    });
  }
});

test.each(['../vector_stores/vs_1', '..;/admin', 'file-a/../b', 'a\r\nX: 1', '\0'])(
  'an id with a path or control characters is not found: %j',
  async (file_id) => {
    const { harness, openai } = await clients.embedded();
    const host = await connectTools({ openai });
    for (const tool of ['get_file', 'get_file_content', 'delete_file']) {
      const { text } = await host.call(tool, { file_id });
      expect(text).toMatch(`HTTP 404: No such File object: ${file_id}\n`);
    }
    // Only the check whether the endpoint stores files at all.
    expect(new Set(harness.storage.requests)).toEqual(new Set(['GET /files']));
  },
);

test('the advice for a file that cannot be downloaded is to attach it', async () => {
  const errorMessage = 'Not allowed to download files of purpose: assistants';
  const server = createFakeServer({
    'GET /files/file-a': { id: 'file-a', filename: 'a.txt', bytes: 1 },
    'GET /files/file-a/content': errorResponse(400, errorMessage),
  });
  const host = await connectTools({ openai: server.openai });
  const { text } = await host.call('get_file_content', { file_id: 'file-a' });
  expect(text).toMatch(
    new RegExp(`^HTTP 400: ${errorMessage}\\n.*\\nAttach the file to a message`, 'u'),
  );
});
