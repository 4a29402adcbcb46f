import { APIError } from 'openai';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';

const textFile = (text: string, name = 'a.txt') => new File([text], name);

/** Starts an engine that keeps files itself. */
async function start() {
  const harness = await setup({ keepsFiles: 'local' });
  const { openai } = harness;
  const upload = async (text: string, name?: string) =>
    (await openai.files.create({ file: textFile(text, name), purpose: 'assistants' })).id;
  return { ...harness, upload, stores: openai.vectorStores };
}

const errorOf = (error: unknown) => {
  if (!(error instanceof APIError)) throw error;
  return { status: error.status, message: error.message };
};

const day = 24 * 60 * 60;

test('creates a store with files, which are read and can be retrieved as text', async () => {
  const { upload, stores, runToEnd, clock } = await start();
  const file_ids = [await upload('The key is under the mat.'), await upload('Second file')];
  const store = await stores.create({
    name: 'Manuals',
    description: 'All of them',
    metadata: { team: 'a' },
    file_ids,
    expires_after: { anchor: 'last_active_at', days: 3 },
  });
  const now = clock.now() / 1000;
  expect(store).toMatchObject({
    name: 'Manuals',
    status: 'in_progress',
    metadata: { team: 'a' },
    file_counts: { in_progress: 2, total: 2 },
    usage_bytes: 0,
    expires_at: now + 3 * day,
  });
  await runToEnd();
  expect(await stores.retrieve(store.id)).toMatchObject({
    status: 'completed',
    file_counts: { completed: 2, in_progress: 0, failed: 0, cancelled: 0, total: 2 },
    usage_bytes: 'The key is under the mat.Second file'.length,
  });
  const content = await stores.files.content(file_ids[0] ?? '', { vector_store_id: store.id });
  expect(content.data).toEqual([{ type: 'text', text: 'The key is under the mat.' }]);
});

test('modifies, lists and deletes stores', async () => {
  const { stores, clock } = await start();
  const first = await stores.create({});
  await clock.advance(1000);
  const second = await stores.create({ name: 'Second' });
  const changed = await stores.update(first.id, {
    name: 'First',
    metadata: { a: 'b' },
    expires_after: { anchor: 'last_active_at', days: 1 },
  });
  expect(changed).toMatchObject({ name: 'First', metadata: { a: 'b' } });
  expect(changed.expires_at).toBe(first.created_at + day);
  const cleared = await stores.update(first.id, { name: null, expires_after: null });
  expect(cleared).toMatchObject({ name: '', expires_at: null, metadata: { a: 'b' } });
  const ids: string[] = [];
  for await (const { id } of stores.list({ limit: 1, order: 'asc' })) ids.push(id);
  expect(ids).toEqual([first.id, second.id]);
  expect(await stores.delete(first.id)).toEqual({
    id: first.id,
    object: 'vector_store.deleted',
    deleted: true,
  });
  // A client that deletes what it lists can continue.
  const rest = await stores.list({ after: first.id, order: 'asc' });
  expect(rest.data.map(({ id }) => id)).toEqual([second.id]);
  expect(await stores.retrieve(first.id).catch(errorOf)).toMatchObject({
    status: 404,
    message: `404 No vector store found with id '${first.id}'.`,
  });
});

test('adds a file with attributes and its own chunks, changes the attributes, and removes it', async () => {
  const { upload, stores, runToEnd } = await start();
  const { id: vector_store_id } = await stores.create({});
  const words = Array.from({ length: 400 }, (_, index) => `Sentence number ${index}.`);
  const file_id = await upload(words.join(' '));
  const added = await stores.files.create(vector_store_id, {
    file_id,
    attributes: { year: 2024, draft: false, topic: 'keys' },
    chunking_strategy: {
      type: 'static',
      static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 20 },
    },
  });
  expect(added).toMatchObject({
    id: file_id,
    status: 'in_progress',
    attributes: { year: 2024, draft: false, topic: 'keys' },
    chunking_strategy: { static: { max_chunk_size_tokens: 100, chunk_overlap_tokens: 20 } },
  });
  await runToEnd();
  const content = await stores.files.content(file_id, { vector_store_id });
  expect(content.data.length).toBeGreaterThan(10);
  // The chunks overlap; the text does not.
  expect(content.data.map(({ text }) => text).join('')).toBe(words.join(' '));
  const updated = await stores.files.update(file_id, {
    vector_store_id,
    attributes: { year: 2025 },
  });
  expect(updated.attributes).toEqual({ year: 2025 });
  await stores.files.delete(file_id, { vector_store_id });
  const missing = await stores.files.retrieve(file_id, { vector_store_id }).catch(errorOf);
  expect(missing).toMatchObject({
    status: 404,
    message: `404 No file found with id '${file_id}' in vector store '${vector_store_id}'.`,
  });
  expect((await stores.retrieve(vector_store_id)).file_counts.total).toBe(0);
});

test('lists files by status, page by page', async () => {
  const { upload, stores, runToEnd } = await start();
  const file_ids = [await upload('a'), await upload('b'), await upload('', 'empty.txt')];
  const { id } = await stores.create({ file_ids });
  const inProgress = await stores.files.list(id, { filter: 'in_progress' });
  expect(inProgress.data).toHaveLength(3);
  await runToEnd();
  await runToEnd();
  const failed = await stores.files.list(id, { filter: 'failed' });
  expect(failed.data.map(({ last_error }) => last_error)).toEqual([
    { code: 'invalid_file', message: 'The file could not be parsed because it is empty.' },
  ]);
  const seen: string[] = [];
  for await (const file of stores.files.list(id, { limit: 1, order: 'asc' })) seen.push(file.id);
  expect(seen).toEqual(file_ids);
  const last = await stores.files.list(id, { before: file_ids[1] ?? '', order: 'asc' });
  expect(last.data.map((file) => file.id)).toEqual(file_ids.slice(0, 1));
});

test('reads a batch of files with settings of their own, and lists it', async () => {
  const { upload, stores, runToEnd } = await start();
  const { id: vector_store_id } = await stores.create({ file_ids: [await upload('other')] });
  const files = [
    { file_id: await upload('a'), attributes: { part: 1 } },
    { file_id: await upload('b'), attributes: { part: 2 } },
  ];
  const batch = await stores.fileBatches.create(vector_store_id, { files });
  expect(batch).toMatchObject({ status: 'in_progress', file_counts: { in_progress: 2, total: 2 } });
  for (let pass = 0; pass < 2; pass += 1) await runToEnd();
  expect(await stores.fileBatches.retrieve(batch.id, { vector_store_id })).toMatchObject({
    status: 'completed',
    file_counts: { completed: 2, total: 2 },
  });
  const listed = await stores.fileBatches.listFiles(batch.id, { vector_store_id, order: 'asc' });
  expect(listed.data.map(({ attributes }) => attributes)).toEqual([{ part: 1 }, { part: 2 }]);
});

test('cancels a batch: its files are not read', async () => {
  const { upload, stores, runToEnd } = await start();
  const { id: vector_store_id } = await stores.create({});
  const file_ids = [await upload('a'), await upload('b')];
  const batch = await stores.fileBatches.create(vector_store_id, { file_ids });
  const cancelled = await stores.fileBatches.cancel(batch.id, { vector_store_id });
  expect(cancelled).toMatchObject({ status: 'cancelled', file_counts: { cancelled: 2 } });
  await runToEnd();
  expect((await stores.retrieve(vector_store_id)).file_counts).toMatchObject({ cancelled: 2 });
  const again = await stores.fileBatches.cancel(batch.id, { vector_store_id }).catch(errorOf);
  expect(again).toMatchObject({
    message: "400 Cannot cancel file batch with status 'cancelled'.",
  });
});

test('the polling helpers of the SDK wait for files and batches', async () => {
  const { openai, engine, upload, stores } = await start();
  engine.start();
  const { id } = await stores.create({});
  const uploaded = await stores.files.uploadAndPoll(id, textFile('one'));
  expect(uploaded.status).toBe('completed');
  const created = await stores.files.createAndPoll(id, { file_id: await upload('two') });
  expect(created.status).toBe('completed');
  const batch = await stores.fileBatches.uploadAndPoll(id, {
    files: [textFile('three'), textFile('four')],
    fileIds: [await upload('five')],
  });
  expect(batch).toMatchObject({ status: 'completed', file_counts: { completed: 3, total: 3 } });
  const { headers } = await openai.vectorStores.files
    .retrieve(uploaded.id, { vector_store_id: id })
    .asResponse();
  expect(headers.get('openai-poll-after-ms')).toBe('500');
});

test('an expired store lists its files, and refuses to be used', async () => {
  const { upload, stores, clock } = await start();
  const file_id = await upload('text');
  const { id } = await stores.create({
    file_ids: [file_id],
    expires_after: { anchor: 'last_active_at', days: 1 },
  });
  await clock.advance((day - 60) * 1000);
  // Adding a file is a use.
  const second = await upload('more');
  await stores.files.create(id, { file_id: second });
  await clock.advance(120 * 1000);
  expect((await stores.retrieve(id)).status).not.toBe('expired');
  await clock.advance(day * 1000);
  expect((await stores.retrieve(id)).status).toBe('expired');
  expect((await stores.files.list(id)).data).toHaveLength(2);
  for (const use of [
    () => stores.files.create(id, { file_id }),
    () => stores.fileBatches.create(id, { file_ids: [file_id] }),
    () => stores.files.content(file_id, { vector_store_id: id }),
  ]) {
    const error: unknown = await use().catch(errorOf);
    expect(error).toMatchObject({ status: 400, message: `400 Vector store ${id} is expired.` });
  }
});

test('a file that is deleted is removed from every store', async () => {
  const { openai, upload, stores, runToEnd } = await start();
  const file_id = await upload('text');
  const { id } = await stores.create({ file_ids: [file_id] });
  await runToEnd();
  await openai.files.delete(file_id);
  expect((await stores.files.list(id)).data).toEqual([]);
  expect((await stores.retrieve(id)).usage_bytes).toBe(0);
});

test('a file that is deleted before it is read is removed too', async () => {
  const { openai, upload, stores, runToEnd } = await start();
  const file_id = await upload('text');
  const { id } = await stores.create({ file_ids: [file_id] });
  await openai.files.delete(file_id);
  await runToEnd();
  expect((await stores.retrieve(id)).file_counts.total).toBe(0);
});

test('a repeated request with an idempotency key creates one store', async () => {
  const { stores } = await start();
  const options = { headers: { 'Idempotency-Key': 'k' } };
  const first = await stores.create({ name: 'a' }, options);
  expect(await stores.create({ name: 'a' }, options)).toEqual(first);
  expect((await stores.list()).data).toHaveLength(1);
});
