import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initialize, messagesIn, startServer, temporaryFolder } from './server.ts';

const garbage = ['', 'no json', '{"jsonrpc":"2.0"}', '[]', 'null', '{"id":1}', '\u0000\uFFFD'];

test('whatever comes in, only JSON-RPC goes out, and the server stays up', async () => {
  const server = startServer({ args: ['--model-api', 'scripted'] });
  for (const line of garbage) server.write(line);
  await initialize(server);
  for (const line of garbage) server.write(line);
  await server.request('tools/list');
  await server.request('tools/call', { name: 'list_assistants', arguments: {} });
  await server.request('tools/call', { name: 'list_assistants', arguments: { bogus: 1 } });
  await server.request('tools/call', { name: 'no_such_tool', arguments: {} });
  await server.request('no/such/method');
  server.end();
  expect(await server.exited).toBe(0);
  expect(messagesIn(server.stdout()).length).toBeGreaterThanOrEqual(6);
});

test('everything on stderr is one JSON object a line', async () => {
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

test('a database that cannot be opened is an answer and a log line, and is tried again', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'notes.db');
  writeFileSync(file, 'These are notes, and no database at all.');
  const server = startServer({ folder, args: ['--database', file, '--model-api', 'scripted'] });
  await initialize(server);
  const list = () => server.request('tools/call', { name: 'list_assistants', arguments: {} });
  const sentence = `The file ${file} is not a database; choose another file.`;
  const content = [{ type: 'text', text: expect.stringContaining(sentence) }];
  expect((await list()).result).toMatchObject({ isError: true, content });
  expect(server.stderr()).toContain(sentence);
  writeFileSync(file, '');
  expect((await list()).result).toMatchObject({ structuredContent: { object: 'list', data: [] } });
  server.end();
  expect(await server.exited).toBe(0);
  expect(messagesIn(server.stdout())).toHaveLength(3);
});
