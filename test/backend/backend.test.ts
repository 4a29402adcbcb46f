import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createBackend } from '../../src/backend/backend.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { randomIds } from '../../src/shared/ids.ts';
import type { Config } from '../../src/config/config.ts';
import { createLog } from '../../src/shared/log.ts';
import { temporaryFolder } from '../e2e/server.ts';
import { configOf } from '../support/config.ts';
import { queueRun } from '../support/queued-run.ts';

const configure = (...argv: string[]): Config =>
  configOf({ argv, env: { OPENAI_API_KEY: 'sk-test-12345678' }, home: '/nowhere' });

function setup(...argv: string[]) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLog({ level: 'info', secrets: [], now: () => 0, write });
  const options = { config: configure(...argv), clock: systemClock, ids: randomIds, log };
  return { backend: createBackend(options), lines };
}

test('an embedded backend creates one engine and stops it', async () => {
  const { backend } = setup('--database', ':memory:');
  const client = await backend.client();
  expect(await backend.client()).toBe(client);
  expect((await client.beta.assistants.list()).data).toEqual([]);
  await backend.stop(0);
  await expect(client.beta.assistants.list()).rejects.toThrow('500 The server had an error');
});

test('an embedded backend that was never used stops without opening the database', async () => {
  const { backend, lines } = setup('--database', '/dev/null/a.db');
  await backend.stop(0);
  expect(lines).toEqual([]);
});

test('an embedded backend logs each failure to start and tries again on the next call', async () => {
  const file = join(temporaryFolder(), 'a.db');
  writeFileSync(file, 'not a database, but long enough to look like one');
  const { backend, lines } = setup('--database', file);
  const message = `The file ${file} is not a database; choose another file.`;
  await expect(backend.client()).rejects.toThrow(message);
  await expect(backend.client()).rejects.toThrow(message);
  expect(lines).toHaveLength(2);
  rmSync(file);
  expect((await (await backend.client()).beta.assistants.list()).data).toEqual([]);
  await backend.stop(0);
});

test('an embedded backend starts the engine on resume only if there may be unfinished runs', async () => {
  const file = join(temporaryFolder(), 'a.db');
  const { backend, lines } = setup('--database', file);
  await backend.resume();
  writeFileSync(file, 'not a database, but long enough to look like one');
  expect(lines).toEqual([]);
  await backend.resume();
  expect(lines.join('')).toContain('is not a database');
});

test('a read-only embedded backend resumes and executes no run', async () => {
  const file = join(temporaryFolder(), 'a.db');
  const { id, thread_id } = await queueRun(file);
  const { backend } = setup('--database', file, '--model-api', 'scripted', '--read-only');
  await backend.resume();
  const { runs } = (await backend.client()).beta.threads;
  expect(await runs.retrieve(id, { thread_id })).toMatchObject({ status: 'queued' });
  await backend.stop(1500);
  const database = new DatabaseSync(file);
  expect(database.prepare('select status, lease_token from runs').all()).toEqual([
    { status: 'queued', lease_token: null },
  ]);
  database.close();
});

test('a remote backend only has a client', async () => {
  const { backend } = setup('--base-url', 'https://host.example/openai');
  await backend.resume();
  const client = await backend.client();
  expect(client.baseURL).toBe('https://host.example/openai');
  expect(await backend.client()).toBe(client);
  await backend.stop(0);
});
