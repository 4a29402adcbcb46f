import { createFakeServer, type FakeServer } from './fake-assistants-server.ts';
import { connectOverStdio } from './mcp-peers.ts';

export const time = 1_790_000_000;

/** A message of the thread `thread_a`. */
export const message = (id: string, value: string, fields: object = {}) => ({
  id,
  object: 'thread.message',
  thread_id: 'thread_a',
  role: 'user',
  created_at: time,
  content: [{ type: 'text', text: { value, annotations: [] } }],
  attachments: [],
  ...fields,
});

/** A page of a list. */
export const page = (data: readonly { id: string }[], hasMore = false) => ({
  object: 'list',
  data,
  first_id: data[0]?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: hasMore,
});

export const thread = { id: 'thread_a', object: 'thread', created_at: time, metadata: {} };

/** A server with the thread `thread_a`. */
export const serverWith = (messages: object, extra: Record<string, object> = {}) =>
  createFakeServer({
    'GET /threads/thread_a': thread,
    'GET /threads/thread_a/messages': messages,
    ...extra,
  });

/** Connects a client over stdio to the program on a server. */
export const connect = async (script: FakeServer, argv: readonly string[] = []) =>
  connectOverStdio('the 2026 client', { openai: async () => script.openai, argv });
