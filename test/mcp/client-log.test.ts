import { expect, test } from 'vitest';
import * as z from 'zod';
import { createFakeServer, errorResponse } from '../support/fake-assistants-server.ts';
import { connectOverHttp, connectOverStdio, type Peer, peerNames } from '../support/mcp-peers.ts';

const apiKey = 'sk-remote-0123456789abcdef';

const params = z.object({
  level: z.string(),
  logger: z.literal('assistants-mcp'),
  data: z.looseObject({ message: z.string() }),
});
type Entry = z.infer<typeof params>;

/** Collects the log messages that a client is sent. */
function collectEntries(peer: Peer): Entry[] {
  const entries: Entry[] = [];
  Reflect.set(peer, 'fallbackNotificationHandler', async (notification: { params?: unknown }) => {
    entries.push(params.parse(notification.params));
  });
  return entries;
}

const send = async (peer: Peer, method: string, fields: object): Promise<unknown> =>
  Reflect.apply(Reflect.get(peer, 'request'), peer, [
    { method, params: fields },
    z.looseObject({}),
  ]);

const levelField = 'io.modelcontextprotocol/logLevel';

/** Calls a tool and reads a resource, which both fail; 2026-07-28 asks for messages in each request. */
async function failTwice(peer: Peer, level?: string) {
  const meta = level === undefined ? {} : { _meta: { [levelField]: level } };
  await send(peer, 'tools/call', {
    name: 'get_thread',
    arguments: { thread_id: 'thread_none' },
    ...meta,
  });
  const uri = 'assistants://threads/thread_none';
  await expect(send(peer, 'resources/read', { uri, ...meta })).rejects.toThrow('thread_none');
}

const failures = [
  { level: 'info', message: 'tool call failed' },
  { level: 'info', message: 'MCP request failed' },
];
const summary = (entries: readonly Entry[]) =>
  entries.map(({ level, data: { message } }) => ({ level, message }));

const fakeServer = () =>
  createFakeServer({
    'GET /threads/thread_none': errorResponse(
      404,
      `No thread found with id 'thread_none'. ${apiKey} \u001b[2J ${'x'.repeat(20_000)}`,
    ),
  });

const connect = (name: (typeof peerNames)[number]) =>
  connectOverStdio(name, {
    openai: async () => fakeServer().openai,
    env: { OPENAI_API_KEY: apiKey },
  });

test.each(peerNames.slice(0, 2))(
  'over stdio, %s gets the messages of the program from the level that it sets',
  async (name) => {
    const { peer, log } = await connect(name);
    expect(peer.getServerCapabilities()).toMatchObject({ logging: {} });
    const entries = collectEntries(peer);
    log.error('before');
    await failTwice(peer);
    expect(entries).toEqual([]);
    await send(peer, 'logging/setLevel', { level: 'info' });
    await send(peer, 'logging/setLevel', { level: 'info' });
    log.debug('too little');
    log.warn('run failed', { run_id: 'run_a', key: apiKey });
    await failTwice(peer);
    expect(summary(entries)).toEqual([{ level: 'warning', message: 'run failed' }, ...failures]);
    expect(entries[0]?.data).toEqual({ message: 'run failed', run_id: 'run_a', key: '[redacted]' });
    await send(peer, 'logging/setLevel', { level: 'critical' });
    log.error('not sent');
    await failTwice(peer);
    expect(entries).toHaveLength(3);
    await expect(send(peer, 'logging/setLevel', { level: 'loud' })).rejects.toThrow(
      'Invalid level: use one of debug, info, notice, warning, error, critical, alert, emergency.',
    );
  },
);

test('over stdio, the 2026 client gets the messages of the requests that ask for them', async () => {
  const { peer, log } = await connect('the 2026 client');
  const entries = collectEntries(peer);
  await failTwice(peer);
  await failTwice(peer, 'error');
  log.error('of no request');
  expect(entries).toEqual([]);
  await failTwice(peer, 'debug');
  expect(summary(entries)).toEqual(failures);
});

test('messages are redacted and cut as log lines are', async () => {
  const { peer, log } = await connect('the 2025 SDK');
  const entries = collectEntries(peer);
  await send(peer, 'logging/setLevel', { level: 'debug' });
  log.error('too long', {
    text: `${apiKey}\u001b[2J${'x'.repeat(100_000)}`,
    error: new Error(apiKey),
  });
  await failTwice(peer);
  const text = JSON.stringify(entries);
  expect(text).not.toContain(apiKey);
  expect(text).not.toContain('\u001b');
  expect(entries.map((entry) => JSON.stringify(entry).length < 12_000)).toEqual([true, true, true]);
});

test('over HTTP, only the 2026 client gets messages, and only of its own requests', async () => {
  for (const name of peerNames) {
    const { peer } = await connectOverHttp(name);
    const entries = collectEntries(peer);
    const isModern = name === 'the 2026 client';
    expect(peer.getServerCapabilities()?.logging !== undefined).toBe(isModern);
    await failTwice(peer);
    expect(entries).toEqual([]);
    await failTwice(peer, 'info');
    expect(summary(entries)).toEqual(isModern ? failures : []);
    const answer = await send(peer, 'logging/setLevel', { level: 'info' }).catch(String);
    expect(answer).toMatch(/Method not found|does not support|is not supported/u);
  }
});
