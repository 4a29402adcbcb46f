import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/backend/openai-client.ts';
import { apiKey, setup } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';
import { createCallRecorder } from '../support/all-operations.ts';

/** The endpoint's files as they are reached through the engine, and at a server elsewhere. */
const ways = {
  embedded: async () => {
    const harness = await setup();
    return { it: harness, openai: createClient({ fetch: harness.fetchWithFiles }) };
  },
  remote: async () => {
    const harness = await setup();
    const origin = await listen((request) => harness.storage.fetch(request));
    return {
      it: harness,
      openai: createClient({ baseURL: `${origin}/v1`, apiKey, apiVersion: null }),
    };
  },
};

describe.each(['embedded', 'remote'] as const)('%s', (way) => {
  test.each(['old', 'new'] as const)(
    'files live and die, for the %s client',
    async (generation) => {
      const { it: harness, openai } = await ways[way]();
      const { call } = createCallRecorder(await connectTools({ openai, generation }));
      const filename = 'notes – 1.txt';
      const { id: file_id, ...kept } = await call('upload_file', { filename, text: 'Grüße 👋' });
      expect(kept).toMatchObject({ object: 'file', filename, purpose: 'assistants', bytes: 12 });
      const base64 = 'AAEC/\nw==';
      const other = await call('upload_file', { filename: 'x.bin', base64, purpose: 'user_data' });
      expect(other).toMatchObject({ purpose: 'user_data', bytes: 4 });
      const stored = harness.storage.files.get(other.id)?.content;
      expect(await stored?.bytes()).toEqual(new Uint8Array([0, 1, 2, 255]));
      const { data } = await call('list_files');
      expect(data.map(({ id }: { id: string }) => id).toSorted()).toEqual([file_id, other.id]);
      expect(await call('get_file', { file_id })).toEqual({ id: file_id, ...kept });
      expect(await call('get_file_content', { file_id })).toEqual({
        file_id,
        filename,
        bytes: 12,
        offset: 0,
        text: 'Grüße 👋',
      });
      const gone = { id: file_id, object: 'file', deleted: true };
      expect(await call('delete_file', { file_id })).toEqual(gone);
      expect([...harness.storage.files.keys()]).toEqual([other.id]);
    },
  );
});

test('lists are asked for with what was given, and never for all there are', async () => {
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

test('what is attached can be read by way of its message', async () => {
  const { openai } = await ways.embedded();
  const { call } = createCallRecorder(await connectTools({ openai }));
  const { id: file_id } = await call('upload_file', { filename: 'a.txt', text: 'Oslo' });
  const attachments = [{ file_id, tools: [{ type: 'code_interpreter' }] }];
  const messages = [{ role: 'user', content: 'Read this.', attachments }];
  const { id: thread_id } = await call('create_thread', { messages });
  const [{ id: message_id }] = (await call('list_messages', { thread_id })).data;
  const [link] = (await call('list_message_files', { thread_id, message_id })).data;
  expect((await call('get_file_content', { file_id: link.id })).text).toBe('Oslo');
});

const everyCall: readonly (readonly [tool: string, args: object])[] = [
  ['upload_file', { filename: 'a.txt', text: 'x' }],
  ['list_files', {}],
  ['list_files', { after: 'file-a' }],
  ['get_file', { file_id: 'file-a' }],
  ['get_file_content', { file_id: 'file-a' }],
  ['delete_file', { file_id: 'file-a' }],
];

describe.each(everyCall)('%s %j', (tool, args) => {
  test('is told in one sentence where the scripted model has no files', async () => {
    const harness = await setup({ model: 'scripted' });
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
  ])('is told in one sentence where the endpoint answers %s', async (_, answer) => {
    const openai = createClient({ fetch: async () => answer() });
    const host = await connectTools({ openai });
    const { failed, text } = await host.call(tool, args);
    expect({ failed, text: text.replace(/\d+/u, '4xx') }).toEqual({
      failed: true,
      text: 'HTTP 4xx: This endpoint does not store files.',
    });
  });
});

test('a file that is not there is not found, and the list is named', async () => {
  const { openai } = await ways.embedded();
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
  'an id that leads elsewhere is no file: %j',
  async (file_id) => {
    const { it: harness, openai } = await ways.embedded();
    const host = await connectTools({ openai });
    for (const tool of ['get_file', 'get_file_content', 'delete_file']) {
      const { text } = await host.call(tool, { file_id });
      expect(text).toMatch(`HTTP 404: No such File object: ${file_id}\n`);
    }
    // Whether there are files at all.
    expect(new Set(harness.storage.requests)).toEqual(new Set(['GET /files']));
  },
);

test('a file that may not be downloaded is for an assistant to read', async () => {
  const sentence = 'Not allowed to download files of purpose: assistants';
  const server = createFakeServer({
    'GET /files/file-a': { id: 'file-a', filename: 'a.txt', bytes: 1 },
    'GET /files/file-a/content': errorResponse(400, sentence),
  });
  const host = await connectTools({ openai: server.openai });
  const { text } = await host.call('get_file_content', { file_id: 'file-a' });
  expect(text).toMatch(
    new RegExp(`^HTTP 400: ${sentence}\\n.*\\nAttach the file to a message`, 'u'),
  );
});
