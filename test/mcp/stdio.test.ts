import { expect, onTestFinished, test } from 'vitest';
import { createServer } from '../../src/mcp/server.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { createWaitingClock } from '../support/mcp.ts';
import { connectClient, createPipes } from '../support/pipes.ts';

const sentence = "The database 'x.db' is not a database.";
const unavailable = () => Promise.reject(new Error(sentence));

/** A server whose backend is never there, and what it logs. */
function start() {
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
  };
  const log = { error: write, warn: write, info: write, debug: write };
  const pipes = createPipes();
  const connection = connectStdio(
    () =>
      createServer({
        openai: unavailable,
        listings: allTools.map(toListing),
        load: async (name) => findTool(name),
        log,
        clock: createWaitingClock(),
        closing: new AbortController().signal,
        version: '1.2.3',
        secrets: [],
      }),
    { ...pipes, log },
  );
  onTestFinished(() => connection.close());
  return { lines, connection, ...pipes };
}

test.each(['old', 'new'] as const)(
  'a backend that is not there fails calls, not the listing, for the %s client',
  async (generation) => {
    const { client: transport } = start();
    const client = await connectClient(generation, transport);
    expect(await client.listTools()).toMatchObject({ tools: { length: 31 } });
    expect(await client.callTool('list_assistants', {})).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: sentence }],
    });
    await client.close();
  },
);

test('an unknown tool is a protocol error that names it', async () => {
  const { client: transport } = start();
  const client = await connectClient('old', transport);
  await expect(client.callTool('create_everything', {})).rejects.toThrow(/create_everything/u);
  await client.close();
});

test('the connection is closed when the client has gone', async () => {
  const { connection, stdin } = start();
  stdin.end();
  await expect(connection.closed).resolves.toBeUndefined();
});

test('the connection is closed when nobody reads the answers', async () => {
  const { connection, stdout } = start();
  stdout.destroy(new Error('EPIPE'));
  await expect(connection.closed).resolves.toBeUndefined();
});

test('the connection is closed from this side', async () => {
  const { connection } = start();
  await connection.close();
  await expect(connection.closed).resolves.toBeUndefined();
});

test('lines that are no messages are logged and passed over', async () => {
  const { lines, stdin, client: transport } = start();
  stdin.write('{"jsonrpc":"2.0","id":1}\nnonsense\n\n');
  const client = await connectClient('old', transport);
  expect(await client.listTools()).toMatchObject({ tools: { length: 31 } });
  expect(lines.length).toBeGreaterThan(0);
  await client.close();
});
