import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createBackend } from '../../src/backend/backend.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import type { Config } from '../../src/config/config.ts';
import { createLog } from '../../src/shared/log.ts';
import { temporaryFolder } from '../e2e/server.ts';
import { configOf } from '../support/config.ts';

const configure = (...argv: string[]): Config =>
  configOf({ argv, env: { OPENAI_API_KEY: 'sk-test-12345678' }, home: '/nowhere' });

function setup(...argv: string[]) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLog({ level: 'info', secrets: [], now: () => 0, write });
  const options = { config: configure(...argv), clock: systemClock, ids: randomIds, log };
  return { backend: createBackend(options), lines };
}

test('the engine is made once, and ends with the backend', async () => {
  const { backend } = setup('--database', ':memory:');
  const client = await backend.client();
  expect(await backend.client()).toBe(client);
  expect((await client.beta.assistants.list()).data).toEqual([]);
  await backend.stop(0);
  await expect(client.beta.assistants.list()).rejects.toThrow('500 The server had an error');
});

test('a backend that nobody asked for stops at once', async () => {
  const { backend, lines } = setup('--database', '/dev/null/a.db');
  await backend.stop(0);
  expect(lines).toEqual([]);
});

test('a failure is logged once for each try, and the next try is a new one', async () => {
  const file = join(temporaryFolder(), 'a.db');
  writeFileSync(file, 'not a database, but long enough to look like one');
  const { backend, lines } = setup('--database', file);
  const sentence = `The file ${file} is not a database; choose another file.`;
  await expect(backend.client()).rejects.toThrow(sentence);
  await expect(backend.client()).rejects.toThrow(sentence);
  expect(lines).toHaveLength(2);
  rmSync(file);
  expect((await (await backend.client()).beta.assistants.list()).data).toEqual([]);
  await backend.stop(0);
});

test('looking for runs left over starts nothing when there are none', async () => {
  const file = join(temporaryFolder(), 'a.db');
  const { backend, lines } = setup('--database', file);
  await backend.resume();
  writeFileSync(file, 'not a database, but long enough to look like one');
  expect(lines).toEqual([]);
  await backend.resume();
  expect(lines.join('')).toContain('is not a database');
});

test('a remote backend is a client, and nothing to start or stop', async () => {
  const { backend } = setup('--base-url', 'https://host.example/openai');
  await backend.resume();
  const client = await backend.client();
  expect(client.baseURL).toBe('https://host.example/openai');
  expect(await backend.client()).toBe(client);
  await backend.stop(0);
});
