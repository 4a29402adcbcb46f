import { toFile } from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { createBackend } from '../../src/backend/backend.ts';
import { createLog } from '../../src/shared/log.ts';
import { createClock, createIds } from '../support/clock.ts';
import { configOf } from '../support/config.ts';
import { apiKey, setup } from '../support/engine.ts';
import { listen } from '../support/loopback-server.ts';
import { apiErrorOf } from '../support/conversation.ts';
import { createStorage } from '../support/upstream-files.ts';

const text = 'Sunrise 06:12\nSunset 18:40\n';

test('the files proxy forwards file requests to the endpoint with the server’s key', async () => {
  const { openai, storage } = await setup();
  const file = await toFile(Buffer.from(text), 'sun.txt');
  const created = await openai.files.create({ file, purpose: 'assistants' });
  expect(created).toMatchObject({ object: 'file', filename: 'sun.txt', bytes: text.length });
  expect(await (await openai.files.content(created.id)).text()).toBe(text);
  expect(await openai.files.retrieve(created.id)).toEqual(created);
  expect((await openai.files.list()).data).toEqual([created]);
  expect(await openai.files.delete(created.id)).toMatchObject({ id: created.id, deleted: true });
  expect((await openai.files.list({ limit: 5, purpose: 'assistants' })).data).toEqual([]);
  expect(storage.requests).toEqual([
    'POST /files',
    `GET /files/${created.id}/content`,
    `GET /files/${created.id}`,
    'GET /files',
    `DELETE /files/${created.id}`,
    'GET /files',
  ]);
});

test('the files proxy passes on the endpoint’s errors', async () => {
  const { openai } = await setup();
  expect(await apiErrorOf(openai.files.retrieve('file-unknown'))).toMatchObject({
    status: 404,
    message: 'No such File object: file-unknown',
  });
});

test('the files proxy answers 501 where the scripted model should keep files', async () => {
  const { openai, storage } = await setup({ model: 'scripted', keepsFiles: 'endpoint' });
  expect(await apiErrorOf(openai.files.list())).toEqual({
    status: 501,
    type: 'server_error',
    code: 'unsupported_endpoint',
    param: null,
    message:
      'GET /v1/files is not supported here: the scripted model supports only assistants and threads.',
  });
  expect(storage.requests).toEqual([]);
});

/** The client of an embedded backend in front of a model endpoint. */
async function connect(endpoint: string) {
  const env = {
    OPENAI_API_KEY: apiKey,
    OPENAI_BASE_URL: `${endpoint}/v1`,
    ASSISTANTS_DATABASE: ':memory:',
  };
  const config = configOf({ env, home: '/nowhere' });
  const log = createLog({ level: 'error', secrets: [], now: () => 0, write: () => {} });
  const backend = createBackend({ config, clock: createClock(), ids: createIds(), log });
  onTestFinished(() => backend.stop(0));
  return backend.client();
}

test('the files proxy uploads and downloads a file unchanged over the network', async () => {
  const storage = createStorage({ clock: createClock(), apiKey });
  const openai = await connect(await listen((request) => storage.fetch(request)));
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  const file = await toFile(bytes, 'noise.bin');
  const { id } = await openai.files.create({ file, purpose: 'user_data' });
  const content = await openai.files.content(id);
  expect(Buffer.from(await content.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
});

test('the files proxy answers 502 when the endpoint cannot be reached', async () => {
  const openai = await connect('http://127.0.0.1:2');
  expect(await apiErrorOf(openai.files.list())).toMatchObject({
    status: 502,
    message: 'The model endpoint could not be reached: ECONNREFUSED.',
  });
});
