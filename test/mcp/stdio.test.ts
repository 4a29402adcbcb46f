import { expect, onTestFinished, test } from 'vitest';
import { createRoundCodec } from '../../src/mcp/person.ts';
import { createServer } from '../../src/mcp/server.ts';
import { connectStdio } from '../../src/mcp/stdio.ts';
import { allTools, findTool } from '../../src/tools/registry.ts';
import { toListing } from '../../src/tools/tool-listing.ts';
import { createWaitingClock } from '../support/mcp.ts';
import { connectClient, createPipes } from '../support/pipes.ts';

const databaseError = "The database 'x.db' is not a database.";
const failingBackend = () => Promise.reject(new Error(databaseError));

/** A server whose backend always fails, with its log lines. */
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
        openai: failingBackend,
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
