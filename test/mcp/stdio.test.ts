import { once } from 'node:events';
import type OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { createRoundCodec } from '../../src/mcp/person.ts';
import { createServer } from '../../src/mcp/server.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';
import { createWaitingClock } from '../support/mcp.ts';
import { connectClient, createPipes } from '../support/pipes.ts';

const databaseError = "The database 'x.db' is not a database.";
const failingBackend = () => Promise.reject(new Error(databaseError));

/** A server, by default with a backend that always fails, and its log lines. */
function start(openai: () => Promise<OpenAI> = failingBackend) {
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
  };
  const log = { error: write, warn: write, info: write, debug: write };
  const pipes = createPipes();
  const connection = connectStdio(
    () =>
      createServer({
        openai,
        listings: allTools.map(toListing),
        load: async (name) => findTool(name),
        log,
        clock: createWaitingClock(),
        closing: new AbortController().signal,
        version: '1.2.3',
        secrets: [],
        personFunctions: [],
        roundCodec: createRoundCodec(null),
        tasks: null,
        app: null,
      }),
    { ...pipes, log },
  );
  onTestFinished(() => connection.close());
  return { lines, connection, ...pipes };
}

test.each(['2025', '2026'] as const)(
  'a failing backend fails tool calls but not tools/list, for the %s client',
  async (generation) => {
    const { client: transport } = start();
    const client = await connectClient(generation, transport);
    expect(await client.listTools()).toMatchObject({ tools: { length: allTools.length } });
    expect(await client.callTool('list_assistants', {})).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: databaseError }],
    });
    await client.close();
  },
);

test('an unknown tool is a protocol error with its name', async () => {
  const { client: transport } = start();
  const client = await connectClient('2025', transport);
  await expect(client.callTool('create_everything', {})).rejects.toThrow(/create_everything/u);
  await client.close();
});

test('the connection closes at the end of stdin', async () => {
  const { connection, stdin } = start();
  stdin.end();
  await expect(connection.closed).resolves.toBeUndefined();
});

const clientInfo = { name: 'test', version: '1' };
const initialize = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
};
const call = { id: 2, method: 'tools/call', params: { name: 'list_assistants', arguments: {} } };

/** A server with a call in progress, whose backend fails when it is released. */
async function startWithCall() {
  const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = start(async () => {
    asked.resolve();
    await released.promise;
    return failingBackend();
  });
  const send = (message: object) =>
    void server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  send(initialize);
  send(call);
  await asked.promise;
  return { ...server, send, release: released.resolve };
}

test('a call in progress at the end of stdin is answered', async () => {
  const { connection, stdin, stdout, release } = await startWithCall();
  stdin.end();
  await connection.closed;
  release();
  await connection.answered();
  await connection.close();
  expect(String(stdout.read())).toContain(`"text":"${databaseError}"`);
});

test('a call that was cancelled, or that nobody can read, needs no answer', async () => {
  const cancelled = await startWithCall();
  cancelled.send({ method: 'notifications/cancelled', params: { requestId: 2 } });
  cancelled.stdin.end();
  await cancelled.connection.closed;
  await expect(cancelled.connection.answered()).resolves.toBeUndefined();
  const unread = await startWithCall();
  unread.stdout.destroy(new Error('EPIPE'));
  await expect(unread.connection.answered()).resolves.toBeUndefined();
});

test('a call that was cancelled reports no more progress', async () => {
  const stepsRequested = Promise.withResolvers<void>();
  const run = { id: 'run_a', thread_id: 'thread_a', status: 'in_progress' };
  const { openai } = createFakeServer({
    'POST /threads/thread_a/runs': { ...run, retried_error: { message: 'Loading.' } },
    'GET /threads/thread_a/runs/run_a/steps': () => {
      stepsRequested.resolve();
      return new Promise(() => {});
    },
  });
  const { stdin, stdout } = start(() => Promise.resolve(openai));
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const send = (message: object) =>
    void stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const ping = async (id: string) => {
    send({ id, method: 'ping' });
    while (!output.includes(`"id":"${id}"`)) await once(stdout, 'data');
  };
  send(initialize);
  const args = { thread_id: 'thread_a', assistant_id: 'asst_a' };
  const params = { name: 'create_run', arguments: args, _meta: { progressToken: 0 } };
  send({ id: 2, method: 'tools/call', params });
  await stepsRequested.promise;
  send({ method: 'notifications/cancelled', params: { requestId: 2 } });
  await ping('first');
  await ping('second');
  const messages = output.split('\n').slice(0, -1);
  expect(messages.filter((message) => message.includes('progress"'))).toEqual([
    expect.stringContaining('run_a is in_progress'),
  ]);
});

test('the connection closes when stdout breaks', async () => {
  const { connection, stdout } = start();
  stdout.destroy(new Error('EPIPE'));
  await expect(connection.closed).resolves.toBeUndefined();
});

test('the server can close the connection', async () => {
  const { connection } = start();
  await connection.close();
  await expect(connection.closed).resolves.toBeUndefined();
});

test('lines that are not messages are logged, and the server goes on', async () => {
  const { lines, stdin, client: transport } = start();
  stdin.write('{"jsonrpc":"2.0","id":1}\nnonsense\n\n');
  const client = await connectClient('2025', transport);
  expect(await client.listTools()).toMatchObject({ tools: { length: allTools.length } });
  expect(lines.length).toBeGreaterThan(0);
  await client.close();
});
