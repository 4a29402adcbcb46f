import { type OpenAI, toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import { unixSeconds } from '../../../src/shared/clock.ts';
import { setup } from '../../support/engine.ts';
import { storedPieces } from '../../support/stored-pieces.ts';
import { temporary } from '../../support/temporary-files.ts';

const open = (options = {}) => setup({ keepsFiles: 'local', ...options });

/** More than two pieces of 1 MiB, with every byte value. */
const bytes = Uint8Array.from({ length: 2 ** 21 + 12_345 }, (_, index) => (index * 31) % 256);

const upload = async (openai: OpenAI, name: string, content: string | Uint8Array = 'x') =>
  openai.files.create({ file: await toFile(Buffer.from(content), name), purpose: 'assistants' });

describe('a file in the database', () => {
  test('is created, retrieved, downloaded and deleted', async () => {
    const { openai, clock } = await open();
    const file = await upload(openai, 'räksmörgås 🥪.bin', bytes);
    expect(file).toEqual({
      id: file.id,
      object: 'file',
      bytes: bytes.length,
      created_at: unixSeconds(clock),
      filename: 'räksmörgås 🥪.bin',
      purpose: 'assistants',
      status: 'processed',
    });
    expect(file.id).toMatch(/^file-[\dA-Za-z]{22,}$/u);
    expect(await openai.files.retrieve(file.id)).toEqual(file);
    expect(await openai.files.waitForProcessing(file.id)).toEqual(file);
    const content = await openai.files.content(file.id);
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(bytes);
    expect(content.headers.get('content-length')).toBe(String(bytes.length));
    const deleted = { id: file.id, object: 'file', deleted: true };
    expect(await openai.files.delete(file.id)).toEqual(deleted);
    const error = await openai.files.retrieve(file.id).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      status: 404,
      message: `404 No such File object: ${file.id}`,
      param: 'id',
      type: 'invalid_request_error',
    });
  });

  test('may be empty', async () => {
    const { openai } = await open();
    const { id, bytes: size } = await upload(openai, 'empty.txt', '');
    expect(size).toBe(0);
    expect(await (await openai.files.content(id)).text()).toBe('');
  });

  test.each([
    ['bytes=0-9', 206, 0, 10],
    ['bytes=1048570-1048589', 206, 1_048_570, 1_048_590],
    ['bytes=2109000-', 206, 2_109_000, bytes.length],
    ['bytes=-7', 206, bytes.length - 7, bytes.length],
    ['bytes=5-99999999', 206, 5, bytes.length],
    ['bytes=0-1,5-6', 200, 0, bytes.length],
    ['lines=1-2', 200, 0, bytes.length],
  ])('is downloaded in the range %s', async (range, status, start, end) => {
    const { openai, engine } = await open();
    const { id } = await upload(openai, 'a.bin', bytes);
    const response = await engine.fetch(
      new Request(`http://embedded/v1/files/${id}/content`, { headers: { range } }),
    );
    expect(response.status).toBe(status);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(start, end));
    expect(response.headers.get('content-length')).toBe(String(end - start));
    expect(response.headers.get('content-range')).toBe(
      status === 200 ? null : `bytes ${start}-${end - 1}/${bytes.length}`,
    );
  });

  test('refuses a range behind its end', async () => {
    const { openai, engine } = await open();
    const { id } = await upload(openai, 'a.bin', '12345');
    const headers = { range: 'bytes=5-' };
    const url = `http://embedded/v1/files/${id}/content`;
    const response = await engine.fetch(new Request(url, { headers }));
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */5']);
  });
});

describe('the list of files', () => {
  test('has order, purpose and limit, and pages by cursor, also after a deletion', async () => {
    const { openai, clock } = await open();
    const ids: string[] = [];
    for (const purpose of ['assistants', 'vision', 'assistants', 'user_data'] as const) {
      const file = await toFile(Buffer.from(purpose), `${purpose}.txt`);
      ids.push((await openai.files.create({ file, purpose })).id);
      await clock.advance(1000);
    }
    const idsOf = async (query: OpenAI.FileListParams) => {
      const page = await openai.files.list(query);
      return page.data.map(({ id }) => id);
    };
    expect(await idsOf({})).toEqual(ids.toReversed());
    expect(await idsOf({ order: 'asc' })).toEqual(ids);
    expect(await idsOf({ purpose: 'assistants', order: 'asc' })).toEqual([ids[0], ids[2]]);
    const first = await openai.files.list({ limit: 2 });
    expect([first.data.map(({ id }) => id), first.has_more]).toEqual([[ids[3], ids[2]], true]);
    for (const { id } of first.data) await openai.files.delete(id);
    expect(await idsOf({ limit: 2, after: ids[2] ?? '' })).toEqual([ids[1], ids[0]]);
    const all: string[] = [];
    for await (const { id } of openai.files.list({ limit: 1 })) all.push(id);
    expect(all).toEqual([ids[1], ids[0]]);
  });

  test.each([
    [
      'limit=10001',
      "Invalid 'limit': integer above maximum value. Expected a value <= 10000, but got 10001 instead.",
    ],
    ['order=up', "Invalid value: 'up'. Supported values are: 'asc' and 'desc'."],
    ['after=file-x', 'No such File object: file-x'],
    [
      'purpose=batches',
      "Invalid value: 'batches'. Supported values are: 'fine-tune', 'assistants', 'batch', 'user_data', 'responses', 'vision', 'evals', 'assistants_output', 'batch_output', and 'fine-tune-results'.",
    ],
  ])('refuses %s', async (query, message) => {
    const { request } = await open();
    const { body } = await request('GET', `/files?${query}`);
    expect(body.error.message).toBe(message);
  });
});

describe('limits', () => {
  test('a file above the limit of one file is refused, and nothing stays', async () => {
    const database = temporary();
    const { openai, engine, clock } = await open({ maxFile: 2 ** 21, database });
    const error = await upload(openai, 'a.bin', bytes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      status: 400,
      message: '400 File is too large. Files can have at most 2 MB.',
    });
    expect((await openai.files.list()).data).toEqual([]);
    engine.start();
    await clock.advance(60_000);
    expect(await storedPieces(database)).toBe(0);
    expect((await upload(openai, 'b.bin', bytes.subarray(0, 2 ** 21))).bytes).toBe(2 ** 21);
  });

  test('a file that exceeds what may be stored is refused in the words of the Files API', async () => {
    const { openai } = await open({ maxFileStorage: 3 * 2 ** 20 });
    const { id } = await upload(openai, 'a.bin', bytes);
    const error = await upload(openai, 'b.bin', bytes).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      status: 400,
      message:
        '400 You have exceeded your file storage quota. Projects are limited to 3 MB of files. Please delete old files or attempt with a smaller file size.',
    });
    await openai.files.delete(id);
    expect((await upload(openai, 'b.bin', bytes)).bytes).toBe(bytes.length);
  });
});

describe('expiry', () => {
  const expires_after = { anchor: 'created_at', seconds: 3600 } as const;

  test('a file vanishes when it expires, and its content is deleted', async () => {
    const database = temporary();
    const { openai, clock, engine } = await open({ database });
    const file = await toFile(Buffer.from('x'), 'a.txt');
    const created = await openai.files.create({ file, purpose: 'user_data', expires_after });
    expect(created.expires_at).toBe(created.created_at + 3600);
    const { id } = await openai.vectorStores.create({ file_ids: [created.id] });
    await clock.advance(3_599_000);
    expect((await openai.files.retrieve(created.id)).id).toBe(created.id);
    await clock.advance(1000);
    await expect(openai.files.retrieve(created.id)).rejects.toThrow('404 No such File object');
    expect((await openai.files.list()).data).toEqual([]);
    engine.start();
    await clock.advance(60_000);
    await expect(openai.files.content(created.id)).rejects.toThrow('404 No such File object');
    expect((await openai.vectorStores.files.list(id)).data).toEqual([]);
    expect(await storedPieces(database)).toBe(0);
  });

  test('a file for batches expires after 30 days by itself', async () => {
    const { openai } = await open();
    const file = await toFile(Buffer.from('{}'), 'a.jsonl');
    const { created_at, expires_at } = await openai.files.create({ file, purpose: 'batch' });
    expect(expires_at).toBe(created_at + 30 * 86_400);
  });
});
