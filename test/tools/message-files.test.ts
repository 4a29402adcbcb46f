import { describe, expect, test } from 'vitest';
import { connectTools } from '../support/mcp.ts';
import { errorResponse, createFakeServer } from '../support/fake-assistants-server.ts';

const ids = { thread_id: 'thread_a', message_id: 'msg_a' };
const messageLine = 'GET /threads/thread_a/messages/msg_a';
const listLine = `${messageLine}/files`;
const fileLine = `${listLine}/file-b`;

const filePath = (file_id: string) => ({ type: 'file_path', text: 'x', file_path: { file_id } });
const fileCitation = { type: 'file_citation', text: 'y', file_citation: { file_id: 'file-cited' } };

/** Its files are a, b, c, d and e in the contract's order; c occurs twice. */
const message = {
  id: 'msg_a',
  object: 'thread.message',
  created_at: 1_790_000_000,
  attachments: [
    { file_id: 'file-a', tools: [] },
    { file_id: 'file-b', tools: [] },
  ],
  content: [
    {
      type: 'text',
      text: { value: 'xy', annotations: [filePath('file-d'), fileCitation, filePath('file-e')] },
    },
    { type: 'image_file', image_file: { file_id: 'file-c' } },
    { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
    { type: 'image_file', image_file: { file_id: 'file-c' } },
  ],
};

const messageFile = (id: string) => ({
  id,
  object: 'thread.message.file',
  created_at: 1_790_000_000,
  message_id: 'msg_a',
});

const joinIds = (data: { id: string }[]) => data.map(({ id }) => id.replace('file-', '')).join('');

describe('message files of a server that has them', () => {
  test('sends the paging parameters and the beta header of version 1', async () => {
    const page = { object: 'list', data: [messageFile('file-a')], has_more: false };
    const server = createFakeServer({ [listLine]: page, [fileLine]: messageFile('file-b') });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const query = { limit: 5, order: 'asc', after: 'file-x', before: 'file-y' };
    expect((await host.call('list_message_files', { ...ids, ...query })).object).toEqual(page);
    const file = await host.call('get_message_file', { ...ids, file_id: 'file-b' });
    expect(file.object).toEqual(messageFile('file-b'));
    expect(server.requestLines).toEqual([
      `${listLine}?limit=5&order=asc&after=file-x&before=file-y`,
      fileLine,
    ]);
    expect(server.requests[0]?.headers.get('openai-beta')).toBe('assistants=v1');
  });

  test('encodes ids in the path', async () => {
    const server = createFakeServer({});
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const unsafeIds = { thread_id: 'a/b', message_id: 'c?d', file_id: 'e#f%2F' };
    await host.call('get_message_file', unsafeIds);
    expect(server.requestLines[0]).toBe('GET /threads/a%2Fb/messages/c%3Fd/files/e%23f%252F');
  });

  test('returns the server’s error for an unknown file', async () => {
    const errorMessage = "No file found with id 'file-z' in message 'msg_a'.";
    const server = createFakeServer({
      [`${listLine}/file-z`]: errorResponse(404, errorMessage),
      [messageLine]: message,
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { text } = await host.call('get_message_file', { ...ids, file_id: 'file-z' });
    expect(text).toContain(`HTTP 404: ${errorMessage}`);
  });

  test('returns other errors without a second request', async () => {
    const server = createFakeServer({
      [listLine]: errorResponse(500, 'Oh no.'),
      [messageLine]: message,
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { text } = await host.call('list_message_files', ids);
    expect(text).toContain('HTTP 500: Oh no.');
    expect(server.requestLines).toEqual([listLine]);
  });
});

const deprecated = errorResponse(400, 'The v1 Assistants API has been deprecated.', {
  code: 'invalid_beta',
});

describe.each([
  ['404 in the error envelope', errorResponse(404, 'Invalid URL (GET /v1/x)')],
  ['404 with a web page', new Response('<html>Not found</html>', { status: 404 })],
  ['405', errorResponse(405, 'Method not allowed.')],
  ['501', errorResponse(501, 'Not implemented.')],
  ['400 for version 1', deprecated],
])('a server that answers %s', (_, response) => {
  test('derives the same objects from the message', async () => {
    const server = createFakeServer({
      [listLine]: response,
      [fileLine]: response,
      [messageLine]: message,
    });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const listed = await host.call('list_message_files', { ...ids, order: 'asc' });
    expect(listed.object).toEqual({
      object: 'list',
      data: ['a', 'b', 'c', 'd', 'e'].map((name) => messageFile(`file-${name}`)),
      first_id: 'file-a',
      last_id: 'file-e',
      has_more: false,
    });
    const file = await host.call('get_message_file', { ...ids, file_id: 'file-b' });
    expect(file.object).toEqual(messageFile('file-b'));
  });
});

describe('files derived from a message', () => {
  const pages: readonly (readonly [query: object, fileIds: string, hasMore: boolean])[] = [
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

  test.each(pages)('pages derived files by %j', async (query, fileIds, has_more) => {
    const server = createFakeServer({ [messageLine]: message });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const { object } = await host.call('list_message_files', { ...ids, ...query });
    expect({ fileIds: joinIds(object.data), has_more: object.has_more }).toEqual({
      fileIds,
      has_more,
    });
    expect(object.first_id).toBe(object.data.at(0)?.id ?? null);
    expect(object.last_id).toBe(object.data.at(-1)?.id ?? null);
  });

  test('does not find cited files, which belong to no message', async () => {
    const server = createFakeServer({ [messageLine]: message });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    const errorMessage = "HTTP 404: No file found with id 'file-cited' in message 'msg_a'.";
    const file = await host.call('get_message_file', { ...ids, file_id: 'file-cited' });
    expect(file.text).toBe(
      `${errorMessage}\nCall list_message_files with thread_id "thread_a" and message_id "msg_a" to see which exist.`,
    );
    const cursor = await host.call('list_message_files', { ...ids, after: 'file-cited' });
    expect(cursor.text).toContain(errorMessage);
  });

  test('returns the error about an unknown message', async () => {
    const errorMessage = "No message found with id 'msg_a'.";
    const server = createFakeServer({ [messageLine]: errorResponse(404, errorMessage) });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    expect((await host.call('list_message_files', ids)).text).toContain(
      `HTTP 404: ${errorMessage}`,
    );
  });

  test('returns an empty list for a message without files', async () => {
    const bare = { ...message, attachments: null, content: [] };
    const server = createFakeServer({ [messageLine]: bare });
    const host = await connectTools({ isVerbose: true, openai: server.openai });
    expect((await host.call('list_message_files', ids)).object).toEqual({
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
  });
});
