import { createHash } from 'node:crypto';
import { type OpenAI, toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import { type Harness, setup } from '../../support/engine.ts';
import { storedPieces } from '../../support/stored-pieces.ts';
import { temporary } from '../../support/temporary-files.ts';

const pieces = [3, 2 ** 20 + 7, 0, 10].map((size, part) =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7 + part) % 256)),
);
const whole = Buffer.concat(pieces);

const open = (options = {}) => setup({ keepsFiles: 'local', ...options });

const create = ({ openai }: Harness, fields: Partial<OpenAI.UploadCreateParams> = {}) =>
  openai.uploads.create({
    filename: 'all.bin',
    purpose: 'assistants',
    bytes: whole.length,
    mime_type: 'application/octet-stream',
    ...fields,
  });

const addPart = async ({ openai }: Harness, id: string, bytes: Buffer) =>
  (await openai.uploads.parts.create(id, { data: await toFile(bytes, 'blob') })).id;

/** An upload with a part for each piece, added in reverse. */
async function openWithParts(options = {}) {
  const harness = await open(options);
  const upload = await create(harness);
  const part_ids: string[] = [];
  for (const piece of pieces.toReversed()) {
    part_ids.unshift(await addPart(harness, upload.id, piece));
  }
  return { ...harness, upload, part_ids };
}

const reasonOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : error),
  );

describe('an upload in parts', () => {
  test('becomes a file with the parts in the order of part_ids', async () => {
    const { openai, upload, part_ids } = await openWithParts();
    expect(upload).toMatchObject({ object: 'upload', status: 'pending', file: null });
    expect(upload.expires_at).toBe(upload.created_at + 3600);
    const md5 = createHash('md5').update(whole).digest('hex');
    const completed = await openai.uploads.complete(upload.id, { part_ids, md5 });
    expect(completed).toMatchObject({ id: upload.id, status: 'completed', bytes: whole.length });
    const { file } = completed;
    expect(file).toMatchObject({ filename: 'all.bin', bytes: whole.length, purpose: 'assistants' });
    const content = await openai.files.content(file?.id ?? '');
    expect(Buffer.from(await content.arrayBuffer()).equals(whole)).toBe(true);
    expect((await openai.files.list()).data).toEqual([file]);
  });

  test('is completed once, and a repeated request gets the same file', async () => {
    const { openai, upload, part_ids } = await openWithParts();
    const [one, other] = await Promise.all(
      [1, 2].map(() => openai.uploads.complete(upload.id, { part_ids }).catch(() => null)),
    );
    const again = await openai.uploads.complete(upload.id, { part_ids });
    expect([again, null]).toContainEqual(one);
    expect([again, null]).toContainEqual(other);
    expect((await openai.files.list()).data).toEqual([again.file]);
  });

  test('leaves out the parts that are not named, whose contents are deleted', async () => {
    const database = temporary();
    const harness = await openWithParts({ database });
    const { openai, engine, clock, upload, part_ids } = harness;
    const named = await storedPieces(database);
    const spare = await addPart(harness, upload.id, Buffer.from('spare'));
    expect(await storedPieces(database)).toBe(named + 1);
    const { file } = await openai.uploads.complete(upload.id, { part_ids });
    const content = await openai.files.content(file?.id ?? '');
    expect((await content.arrayBuffer()).byteLength).toBe(whole.length);
    const message = "400 Cannot add parts to upload with status 'completed'.";
    expect(await reasonOf(addPart(harness, upload.id, Buffer.from('x')))).toBe(message);
    expect(part_ids).not.toContain(spare);
    engine.start();
    await clock.advance(60_000);
    expect(await storedPieces(database)).toBe(named);
  });

  test('gives its file the lifetime that it was created with', async () => {
    const harness = await open();
    const expires_after = { anchor: 'created_at', seconds: 7200 } as const;
    const { id } = await create(harness, { bytes: 1, expires_after });
    const part_ids = [await addPart(harness, id, Buffer.from('x'))];
    await harness.clock.advance(60_000);
    const { file } = await harness.openai.uploads.complete(id, { part_ids });
    expect(file?.expires_at).toBe((file?.created_at ?? 0) + 7200);
  });
});

describe('an upload is refused', () => {
  test('with other bytes than announced, a wrong checksum, and unknown or repeated parts', async () => {
    const { openai, upload, part_ids } = await openWithParts();
    const complete = (body: OpenAI.UploadCompleteParams) =>
      reasonOf(openai.uploads.complete(upload.id, body));
    expect(await complete({ part_ids: part_ids.slice(1) })).toBe(
      `400 The parts have ${whole.length - 3} bytes, but the upload was created with 'bytes' ${whole.length}.`,
    );
    expect(await complete({ part_ids, md5: 'd41d8cd98f00b204e9800998ecf8427e' })).toMatch(
      /^400 The MD5 checksum of the parts is '[\da-f]{32}', but 'md5' is 'd41d8cd98f00b204e9800998ecf8427e'\.$/u,
    );
    expect(await complete({ part_ids: ['part_x'] })).toBe(
      `400 Invalid 'part_ids': no part 'part_x' was added to upload '${upload.id}'.`,
    );
    const [first = ''] = part_ids;
    expect(await complete({ part_ids: [first, first] })).toBe(
      `400 Invalid 'part_ids': part '${first}' is listed more than once.`,
    );
    const { file } = await openai.uploads.complete(upload.id, { part_ids });
    expect(file?.bytes).toBe(whole.length);
  });

  test.each([
    [{ filename: undefined }, "Missing required parameter: 'filename'."],
    [{ bytes: undefined }, "Missing required parameter: 'bytes'."],
    [{ bytes: '3' }, "Invalid type for 'bytes': expected an integer, but got a string instead."],
    [
      { bytes: 2 ** 33 + 1 },
      "Invalid 'bytes': integer above maximum value. Expected a value <= 8589934592, but got 8589934593 instead.",
    ],
    [
      { purpose: 'x' },
      "Invalid value: 'x'. Supported values are: 'fine-tune', 'assistants', 'batch', 'user_data', 'responses', 'vision', and 'evals'.",
    ],
    [{ sha: 'x' }, "Unknown parameter: 'sha'."],
  ])('with %j', async (change, message) => {
    const { request } = await open();
    const fields = { filename: 'a', purpose: 'assistants', bytes: 3, mime_type: 'text/plain' };
    const { status, body } = await request('POST', '/uploads', { ...fields, ...change });
    expect([status, body.error.message]).toEqual([400, message]);
  });

  test('when it was cancelled, has expired or never existed', async () => {
    const harness = await open();
    const { openai, clock } = harness;
    const { id } = await create(harness, { bytes: 1 });
    const part_ids = [await addPart(harness, id, Buffer.from('x'))];
    expect(await openai.uploads.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    expect(await reasonOf(openai.uploads.complete(id, { part_ids }))).toBe(
      "400 Cannot complete upload with status 'cancelled'.",
    );
    expect(await reasonOf(openai.uploads.cancel(id))).toBe(
      "400 Cannot cancel upload with status 'cancelled'.",
    );
    const late = await create(harness);
    await clock.advance(3_600_000);
    expect(await reasonOf(addPart(harness, late.id, Buffer.from('x')))).toBe(
      "400 Cannot add parts to upload with status 'expired'.",
    );
    expect(await reasonOf(openai.uploads.cancel('upload_x'))).toBe(
      '404 No such Upload object: upload_x',
    );
  });

  test('where its parts are larger than an upload can be, or than may be stored', async () => {
    const harness = await open({ maxFile: 1, maxFileStorage: 30 });
    const { id } = await create(harness, { bytes: 16 });
    await addPart(harness, id, Buffer.from('123456789'));
    expect(await reasonOf(addPart(harness, id, Buffer.from('123456789')))).toBe(
      '400 The parts of an upload can have at most 16 bytes together.',
    );
    const other = await create(harness, { bytes: 16 });
    await addPart(harness, other.id, Buffer.from('1234567890123456'));
    expect(await reasonOf(create(harness, { bytes: 16 }))).toMatch(
      /^400 You have exceeded your file storage quota\./u,
    );
  });
});
