import { expect, test } from 'vitest';
import { callTool, initialize, type Server, startServer } from './server.ts';

const args = ['--model-api', 'scripted'];

async function working(): Promise<Server> {
  const server = startServer({ args });
  await initialize(server);
  await callTool(server, 'list_assistants', {});
  return server;
}

test('the end of stdin is a clean end', async () => {
  const server = await working();
  server.end();
  expect(await server.exited).toBe(0);
});

test('stdin that ends before anything was said is a clean end too', async () => {
  const server = startServer();
  server.end();
  expect(await server.exited).toBe(0);
  expect(server.stdout()).toBe('');
  expect(server.stderr()).not.toContain('"level":"error"');
});

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGINT'] as const)(
  '%s is a clean end',
  async (name) => {
    const server = await working();
    server.signal(name);
    expect(await server.exited).toBe(0);
  },
);

test('a host that no longer reads is a quiet end', async () => {
  const server = await working();
  server.stopReading();
  server.write('{"jsonrpc":"2.0","id":"last","method":"tools/list"}');
  expect(await server.exited).toBe(0);
  expect(server.stderr()).not.toContain('"level":"error"');
});
