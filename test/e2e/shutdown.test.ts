import { expect, test } from 'vitest';
import { callTool, initialize, type Server, startServer } from './server.ts';

const args = ['--model-api', 'scripted'];

async function startWithEngine(): Promise<Server> {
  const server = startServer({ args });
  await initialize(server);
  await callTool(server, 'list_assistants', {});
  return server;
}

test('the server exits with 0 when stdin ends', async () => {
  const server = await startWithEngine();
  server.end();
  expect(await server.exited).toBe(0);
});

test('the server exits with 0 when stdin ends before the first message', async () => {
  const server = startServer();
  server.end();
  expect(await server.exited).toBe(0);
  expect(server.stdout()).toBe('');
  expect(server.stderr()).not.toContain('"level":"error"');
});

test('what a client sends before it closes stdin is answered, as from a file', async () => {
  const server = startServer({ args });
  const call = { name: 'list_assistants', arguments: {} };
  const answered = [initialize(server), server.request('tools/call', call)];
  server.end();
  expect(await Promise.all(answered)).toMatchObject([
    { result: {} },
    { result: { content: [{}] } },
  ]);
  expect(await server.exited).toBe(0);
});

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
  'the server exits with 0 on %s',
  async (name) => {
    const server = await startWithEngine();
    server.signal(name);
    expect(await server.exited).toBe(0);
  },
);

test('the server exits with 0 when the host no longer reads stdout', async () => {
  const server = await startWithEngine();
  server.stopReading();
  server.write('{"jsonrpc":"2.0","id":"last","method":"tools/list"}');
  expect(await server.exited).toBe(0);
  expect(server.stderr()).not.toContain('"level":"error"');
});
