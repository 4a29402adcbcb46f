import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initialize, startServer, temporaryFolder } from './server.ts';

const args = ['--model-api', 'scripted', '--database', ':memory:'];

/** Starts the program in a home directory, and ends it. */
async function startIn(folder: string, env: Readonly<Record<string, string>> = {}) {
  const server = startServer({ args, folder, env });
  await initialize(server);
  server.end();
  expect(await server.exited).toBe(0);
}

test('the built program keeps compiled code in the user’s own cache directory', async () => {
  const folder = temporaryFolder();
  const cache = join(folder, '.cache', 'assistants-mcp', 'compile-cache');
  await startIn(folder);
  const files = () => readdirSync(cache, { recursive: true, encoding: 'utf8' });
  const first = files();
  expect(first.length).toBeGreaterThan(1);
  expect(statSync(cache).mode & 0o777).toBe(0o700);
  await startIn(folder);
  expect(files()).toEqual(first);
});

test('a variable of Node.js turns that off', async () => {
  const folder = temporaryFolder();
  await startIn(folder, { NODE_DISABLE_COMPILE_CACHE: '1' });
  expect(readdirSync(folder)).not.toContain('.cache');
});
