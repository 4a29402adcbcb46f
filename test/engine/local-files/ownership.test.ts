import { toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import { createClient } from '../../../src/backend/openai-client.ts';
import { type HarnessOptions, setup } from '../../support/engine.ts';
import { connectTools } from '../../support/mcp.ts';
import { temporary } from '../../support/temporary-files.ts';

const baseURL = 'http://127.0.0.1:11434/v1';
const paths = ['files', 'vector_stores'] as const;

/** Another server, whose paths answer as given, and the requests for them. */
async function openServer(
  answers: Partial<Record<(typeof paths)[number], () => Response>>,
  options: HarnessOptions = {},
) {
  const requests: string[] = [];
  const lacks = Object.fromEntries(Object.keys(answers).map((path) => [path, 599]));
  const harness = await setup({ baseURL, lacks, model: 'auto', ...options });
  const { storage } = harness;
  const send = storage.fetch;
  Object.assign(storage, {
    fetch: (request: Request) => {
      const { pathname } = new URL(request.url);
      const path = paths.find((each) => pathname.startsWith(`/v1/${each}`));
      requests.push(`${request.method} ${pathname}`);
      return (path === undefined ? undefined : answers[path]?.()) ?? send(request);
    },
  });
  return { ...harness, requests };
}

const upload = async ({ openai }: Awaited<ReturnType<typeof setup>>) =>
  openai.files.create({ file: await toFile(Buffer.from('x'), 'a.txt'), purpose: 'assistants' });

const keeperLines = (lines: readonly string[]) =>
  lines.filter((line) => line.includes('files are kept'));

const error = (status: number) => () => Response.json({ error: { message: 'no' } }, { status });
const anything = () => Response.json({ error: 'Unexpected endpoint or method. (GET /v1/files)' });

describe('with auto, files are kept', () => {
  test('by the database with the scripted model, which needs no endpoint', async () => {
    const harness = await setup({ model: 'scripted', key: null });
    const { id } = await upload(harness);
    expect((await harness.openai.files.retrieve(id)).filename).toBe('a.txt');
    expect(harness.storage.requests).toEqual([]);
    expect(harness.engine.fileKeeper()).toBe('local');
  });

  test('by OpenAI, without a question', async () => {
    const harness = await setup();
    await upload(harness);
    expect(harness.storage.requests).toEqual(['POST /files']);
    expect(harness.engine.fileKeeper()).toBe('endpoint');
  });

  test('by another server that has files and vector stores, which is asked once', async () => {
    const harness = await openServer({});
    await upload(harness);
    await upload(harness);
    expect(harness.requests).toEqual([
      'GET /v1/files',
      'GET /v1/vector_stores',
      'POST /v1/files',
      'POST /v1/files',
    ]);
    expect(keeperLines(harness.logLines)).toEqual([
      expect.stringContaining('"by":"the model endpoint"'),
    ]);
  });

  test.each([
    ['has no files', { files: error(404) }],
    ['has no vector stores', { vector_stores: error(404) }],
    ['does not allow their paths', { vector_stores: error(405) }],
    ['has not implemented them', { files: error(501) }],
    ['answers every path with 200', { files: anything }],
    ['shows a page at every path', { files: () => new Response('<html>') }],
  ])('by the database where another server %s', async (_reason, answers) => {
    const harness = await openServer(answers);
    const { id } = await upload(harness);
    expect((await harness.openai.files.list()).data).toMatchObject([{ id }]);
    expect(harness.requests.filter((request) => !request.startsWith('GET'))).toEqual([]);
    expect(harness.requests.length).toBeLessThanOrEqual(2);
    expect(keeperLines(harness.logLines)).toEqual([
      expect.stringContaining('"by":"this database"'),
    ]);
  });

  test('by a server that refuses to list them, which has them', async () => {
    const harness = await openServer({ vector_stores: error(403) });
    await upload(harness);
    expect(harness.engine.fileKeeper()).toBe('endpoint');
  });

  test('by nobody while a server fails, which is asked again', async () => {
    let fails = true;
    const harness = await openServer({
      vector_stores: () => (fails ? error(500)() : Response.json({ object: 'list', data: [] })),
    });
    const { status, body } = await harness.request('GET', '/files');
    expect([status, body.error.message]).toEqual([
      502,
      'It is not known whether the model endpoint keeps files, because it failed: no. Try again, or set --files to endpoint or local.',
    ]);
    expect(harness.engine.fileKeeper()).toBe(null);
    fails = false;
    expect(await upload(harness)).toMatchObject({ object: 'file' });
    expect(harness.engine.fileKeeper()).toBe('endpoint');
  });
});

describe('a setting decides without a question', () => {
  test('local keeps files here although OpenAI has some', async () => {
    const harness = await setup({ keepsFiles: 'local' });
    await upload(harness);
    expect(harness.storage.requests).toEqual([]);
  });

  test('endpoint sends them there, and what is here stays readable', async () => {
    const database = temporary();
    const local = await openServer({}, { keepsFiles: 'local', database });
    const { id } = await upload(local);
    const lacks = { files: 404 };
    const harness = await openServer({}, { keepsFiles: 'endpoint', lacks, database });
    await expect(upload(harness)).rejects.toThrow('404');
    expect(harness.requests).toEqual(['POST /v1/files']);
    expect((await harness.openai.files.retrieve(id)).id).toBe(id);
    expect(harness.requests).toEqual(['POST /v1/files']);
  });
});

test('the tools for files work on the database', async () => {
  const harness = await setup({ model: 'scripted' });
  const host = await connectTools({ openai: createClient({ fetch: harness.fetchWithFiles }) });
  const uploaded = await host.call('upload_file', { filename: 'sun.txt', text: 'Sunrise 06:12' });
  expect(uploaded.failed).toBe(false);
  const [{ id } = { id: '' }] = (await harness.openai.files.list()).data;
  expect(uploaded.text).toContain(id);
  expect((await host.call('list_files', { purpose: 'assistants' })).text).toContain(id);
  expect((await host.call('get_file', { file_id: id })).text).toContain('sun.txt');
  const content = await host.call('get_file_content', { file_id: id });
  expect(content.text).toContain('Sunrise 06:12');
  expect((await host.call('delete_file', { file_id: id })).failed).toBe(false);
  expect((await harness.openai.files.list()).data).toEqual([]);
});
