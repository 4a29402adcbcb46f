import { describe, expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

const place = { thread_id: 'thread_a', message_id: 'msg_a' };
const read = 'GET /threads/thread_a/messages/msg_a';
const list = `${read}/files`;
const one = `${list}/file-b`;

const path = (file_id: string) => ({ type: 'file_path', text: 'x', file_path: { file_id } });
const cited = { type: 'file_citation', text: 'y', file_citation: { file_id: 'file-cited' } };

/** In the contract's order its files are a, b, c, d, e; c is there twice. */
const message = {
  id: 'msg_a',
  object: 'thread.message',
  created_at: 1_790_000_000,
  attachments: [
    { file_id: 'file-a', tools: [] },
    { file_id: 'file-b', tools: [] },
  ],
  content: [
    { type: 'text', text: { value: 'xy', annotations: [path('file-d'), cited, path('file-e')] } },
    { type: 'image_file', image_file: { file_id: 'file-c' } },
    { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
    { type: 'image_file', image_file: { file_id: 'file-c' } },
  ],
};

const link = (id: string) => ({
  id,
  object: 'thread.message.file',
  created_at: 1_790_000_000,
  message_id: 'msg_a',
});

const idsOf = (data: { id: string }[]) => data.map(({ id }) => id.replace('file-', '')).join('');

describe('a server that has the paths', () => {
  test('is asked for them, with both versions’ parameters', async () => {
    const page = { object: 'list', data: [link('file-a')], has_more: false };
    const server = createFakeServer({ [list]: page, [one]: link('file-b') });
    const host = await connectTools({ openai: server.openai });
    const query = { limit: 5, order: 'asc', after: 'file-x', before: 'file-y' };
    expect((await host.call('list_message_files', { ...place, ...query })).object).toEqual(page);
    const file = await host.call('get_message_file', { ...place, file_id: 'file-b' });
    expect(file.object).toEqual(link('file-b'));
    expect(server.requestLines).toEqual([
      `${list}?limit=5&order=asc&after=file-x&before=file-y`,
      one,
    ]);
    expect(server.requests[0]?.headers.get('openai-beta')).toBe('assistants=v1');
  });

  test('keeps ids apart from the path', async () => {
    const server = createFakeServer({});
    const host = await connectTools({ openai: server.openai });
    const odd = { thread_id: 'a/b', message_id: 'c?d', file_id: 'e#f%2F' };
    await host.call('get_message_file', odd);
    expect(server.requestLines[0]).toBe('GET /threads/a%2Fb/messages/c%3Fd/files/e%23f%252F');
  });

  test('that has no such file says so itself', async () => {
    const sentence = "No file found with id 'file-z' in message 'msg_a'.";
    const server = createFakeServer({
      [`${list}/file-z`]: errorResponse(404, sentence),
      [read]: message,
    });
    const host = await connectTools({ openai: server.openai });
    const { text } = await host.call('get_message_file', { ...place, file_id: 'file-z' });
    expect(text).toContain(`HTTP 404: ${sentence}`);
  });

  test('whose error is of another kind is not second-guessed', async () => {
    const server = createFakeServer({ [list]: errorResponse(500, 'Oh no.'), [read]: message });
    const host = await connectTools({ openai: server.openai });
    const { text } = await host.call('list_message_files', place);
    expect(text).toContain('HTTP 500: Oh no.');
    expect(server.requestLines).toEqual([list]);
  });
});

const deprecated = errorResponse(400, 'The v1 Assistants API has been deprecated.', {
  code: 'invalid_beta',
});

describe.each([
  ['404 in the API’s envelope', errorResponse(404, 'Invalid URL (GET /v1/x)')],
  ['404 of a web server', new Response('<html>Not found</html>', { status: 404 })],
  ['405', errorResponse(405, 'Method not allowed.')],
  ['400 for the first version', deprecated],
])('a server that answers %s', (_, answer) => {
  test('gives the same objects, made of the message', async () => {
    const server = createFakeServer({ [list]: answer, [one]: answer, [read]: message });
    const host = await connectTools({ openai: server.openai });
    const listed = await host.call('list_message_files', { ...place, order: 'asc' });
    expect(listed.object).toEqual({
      object: 'list',
      data: ['a', 'b', 'c', 'd', 'e'].map((name) => link(`file-${name}`)),
      first_id: 'file-a',
      last_id: 'file-e',
      has_more: false,
    });
    const file = await host.call('get_message_file', { ...place, file_id: 'file-b' });
    expect(file.object).toEqual(link('file-b'));
  });
});

describe('files made of a message', () => {
  const pages: readonly (readonly [query: object, ids: string, more: boolean])[] = [
    [{}, 'edcba', false],
    [{ limit: 2 }, 'ed', true],
    [{ limit: 2, after: 'file-d' }, 'cb', true],
    [{ limit: 2, after: 'file-b' }, 'a', false],
    [{ after: 'file-a' }, '', false],
    [{ before: 'file-c' }, 'ed', false],
    [{ before: 'file-b', limit: 2 }, 'dc', true],
    [{ before: 'file-e' }, '', false],
    [{ order: 'asc', after: 'file-b', limit: 1 }, 'c', true],
    [{ order: 'asc', before: 'file-c' }, 'ab', false],
    [{ order: 'asc', after: 'file-a', before: 'file-e', limit: 2 }, 'bc', true],
    [{ order: 'asc', after: 'file-d', before: 'file-b' }, '', false],
  ];

  test.each(pages)('page by %j', async (query, ids, has_more) => {
    const server = createFakeServer({ [read]: message });
    const host = await connectTools({ openai: server.openai });
    const { object } = await host.call('list_message_files', { ...place, ...query });
    expect({ ids: idsOf(object.data), has_more: object.has_more }).toEqual({ ids, has_more });
    expect(object.first_id).toBe(object.data.at(0)?.id ?? null);
    expect(object.last_id).toBe(object.data.at(-1)?.id ?? null);
  });

  test('that a message does not have are not found', async () => {
    const server = createFakeServer({ [read]: message });
    const host = await connectTools({ openai: server.openai });
    const sentence = "HTTP 404: No file found with id 'file-cited' in message 'msg_a'.";
    const file = await host.call('get_message_file', { ...place, file_id: 'file-cited' });
    expect(file.text).toBe(
      `${sentence}\nCall list_message_files with thread_id "thread_a" and message_id "msg_a" to see which exist.`,
    );
    const cursor = await host.call('list_message_files', { ...place, after: 'file-cited' });
    expect(cursor.text).toContain(sentence);
  });

  test('of a message that is not there are that error', async () => {
    const sentence = "No message found with id 'msg_a'.";
    const server = createFakeServer({ [read]: errorResponse(404, sentence) });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('list_message_files', place)).text).toContain(`HTTP 404: ${sentence}`);
  });

  test('of a message without any are an empty list', async () => {
    const bare = { ...message, attachments: null, content: [] };
    const server = createFakeServer({ [read]: bare });
    const host = await connectTools({ openai: server.openai });
    expect((await host.call('list_message_files', place)).object).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });
});
