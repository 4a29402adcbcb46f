import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initialize, parseMessages, startServer, temporaryFolder } from './server.ts';

const invalidLines = [
  '',
  'no json',
  '{"jsonrpc":"2.0"}',
  '[]',
  'null',
  '{"id":"one"}',
  '\u0000\uFFFD',
];

test('stdout has only JSON-RPC, even for invalid input', async () => {
  const server = startServer({ args: ['--model-api', 'scripted'] });
  for (const line of invalidLines) server.write(line);
  await initialize(server);
  for (const line of invalidLines) server.write(line);
  await server.request('tools/list');
  await server.request('tools/call', { name: 'list_assistants', arguments: {} });
  await server.request('tools/call', { name: 'list_assistants', arguments: { bogus: 1 } });
  await server.request('tools/call', { name: 'no_such_tool', arguments: {} });
  await server.request('no/such/method');
  server.end();
  expect(await server.exited).toBe(0);
  expect(parseMessages(server.stdout()).length).toBeGreaterThanOrEqual(6);
});

test('stderr has one JSON object per line', async () => {
  const server = startServer({ args: ['--model-api', 'scripted'] });
  await initialize(server);
  await server.request('tools/call', { name: 'list_assistants', arguments: {} });
  server.end();
  await server.exited;
  const lines = server.stderr().split('\n').slice(0, -1);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) });
  }
});

test('a database that cannot be opened after the start is reported, logged and tried again', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'notes.db');
  const server = startServer({ folder, args: ['--database', file, '--model-api', 'scripted'] });
  await initialize(server);
  writeFileSync(file, 'These are notes, and no database at all.');
  const list = () => server.request('tools/call', { name: 'list_assistants', arguments: {} });
  const message = `The file ${file} is not a database; choose another file.`;
  const content = [{ type: 'text', text: expect.stringContaining(message) }];
  expect((await list()).result).toMatchObject({ isError: true, content });
  expect(server.stderr()).toContain(message);
  writeFileSync(file, '');
  expect((await list()).result).toMatchObject({ structuredContent: { object: 'list', data: [] } });
  server.end();
  expect(await server.exited).toBe(0);
  expect(parseMessages(server.stdout())).toHaveLength(3);
});
