import { expect, onTestFinished, test } from 'vitest';
import { chunkSections } from '../../../src/engine/vector-stores/chunking.ts';
import { deleteUnusedChunks } from '../../../src/engine/vector-stores/clean-up.ts';
import type { Extractor } from '../../../src/engine/vector-stores/extract/extractor.ts';
import { createExtractor } from '../../../src/engine/vector-stores/extract/extractor.ts';
import { readFile } from '../../../src/engine/vector-stores/extract/read-file.ts';
import { FileIngestion } from '../../../src/engine/vector-stores/ingestion.ts';
import { maxAttempts, readStoreFile } from '../../../src/engine/vector-stores/read-store-file.ts';
import { addFiles, createStore, removeFile } from '../../../src/engine/vector-stores/stores.ts';
import { fileChunks, replaceChunks } from '../../../src/engine/store/chunks.ts';
import { insertFile } from '../../../src/engine/store/files.ts';
import { leaseFile, unreadFiles } from '../../../src/engine/store/reading-leases.ts';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { findStoreFile, storeFileBody } from '../../../src/engine/store/vector-store-files.ts';
import { createLog } from '../../../src/shared/log.ts';
import { createClock, createIds, eventLoopTurn } from '../../support/clock.ts';
import { locateDatabase } from '../../support/test-database.ts';

/** Reads files in this process, and waits before each for what the test decides. */
const extractorWith = (before: () => Promise<void> = async () => {}): Extractor => ({
  async *extract({ filename, content, chunking }) {
    await before();
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    const sections = readFile(Buffer.concat(pieces), filename);
    for await (const chunk of chunkSections(sections, chunking, (text) => text.length)) {
      yield [chunk];
    }
  },
  stop: () => {},
});

async function start() {
  const db = await openDatabase(await locateDatabase());
  const clock = { ...createClock(), skewMs: () => 0, synchronize: async () => {} };
  const ids = createIds();
  const logLines: string[] = [];
  const log = createLog({
    level: 'debug',
    secrets: [],
    now: () => clock.now(),
    write: (line) => logLines.push(line),
  });
  const deps = { db, clock, ids, log, wakeIngestion: () => {} };
  onTestFinished(() => db.destroy());
  const addFile = async (text: string) => {
    const id = ids.newId('file-');
    const body = {
      filename: 'a.txt',
      media_type: null,
      is_uploaded: false,
      bytes: Buffer.byteLength(text),
    };
    const content = new Uint8Array(Buffer.from(text));
    await insertFile(db, { id, created_at: 1, thread_id: null, run_id: null, body, content });
    return id;
  };
  const ingestion = (extractor: Extractor) =>
    new FileIngestion({ ...deps, createExtractor: () => extractor });
  const textsOf = async (store: string, file: string) => {
    const texts: string[] = [];
    for await (const { text } of fileChunks(db, store, file)) texts.push(text);
    return texts;
  };
  const statusOf = async (store: string, file: string) =>
    (await findStoreFile(db, store, file))?.status;
  return { ...deps, logLines, addFile, ingestion, textsOf, statusOf };
}

const runToEnd = async (ingestion: FileIngestion) => {
  await ingestion.tick();
  await ingestion.idle();
};

/** Leases the only file that waits, as a process does that dies then. */
async function leaseAndDie({ db, clock }: Awaited<ReturnType<typeof start>>) {
  const [row] = await unreadFiles(db, clock.now(), 1);
  if (row === undefined) throw new Error('no file waits');
  return leaseFile(db, row, { lease_token: 'dead', lease_until: clock.now() + 10_000 });
}

test('reads a file whose process died once its lease has ended, and not before', async () => {
  const world = await start();
  const { clock, addFile, ingestion, textsOf, statusOf } = world;
  const file = await addFile('text');
  const store = await createStore(world, { file_ids: [file] });
  const stale = await leaseAndDie(world);
  const other = ingestion(extractorWith());
  await runToEnd(other);
  expect(await statusOf(store, file)).toBe('in_progress');
  await clock.advance(10_000);
  await runToEnd(other);
  expect(await statusOf(store, file)).toBe('completed');
  // The process was only suspended, and goes on: it changes nothing.
  await readStoreFile({
    ...world,
    extractor: extractorWith(),
    row: stale,
    signal: new AbortController().signal,
  });
  expect(await textsOf(store, file)).toEqual(['text']);
});

test('a file that stops its process again and again fails', async () => {
  const world = await start();
  const { clock, db, addFile, ingestion } = world;
  const file = await addFile('text');
  const store = await createStore(world, { file_ids: [file] });
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    await leaseAndDie(world);
    await clock.advance(10_000);
  }
  await runToEnd(ingestion(extractorWith()));
  const row = await findStoreFile(db, store, file);
  expect(row && storeFileBody(row).last_error).toEqual({
    code: 'server_error',
    message: 'The file could not be parsed: reading it was interrupted 100 times.',
  });
});

test('a process that stops hands its files back, and the attempt does not count', async () => {
  const world = await start();
  const { db, addFile, ingestion, statusOf } = world;
  const file = await addFile('text');
  const store = await createStore(world, { file_ids: [file] });
  const reached = Promise.withResolvers<void>();
  const first = ingestion({
    // oxlint-disable-next-line require-yield -- it never comes so far
    async *extract(_, signal) {
      reached.resolve();
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
    },
    stop: () => {},
  });
  await first.tick();
  await reached.promise;
  await first.stop();
  expect(await findStoreFile(db, store, file)).toMatchObject({ attempts: 0, lease_token: null });
  await runToEnd(ingestion(extractorWith()));
  expect(await statusOf(store, file)).toBe('completed');
});

test('a file that is removed while it is read leaves no chunks', async () => {
  const world = await start();
  const { db, addFile, ingestion } = world;
  const file = await addFile('text');
  const store = await createStore(world, { file_ids: [file] });
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const reader = ingestion(
    extractorWith(async () => {
      reached.resolve();
      await gate.promise;
    }),
  );
  await reader.tick();
  await reached.promise;
  await removeFile(world, store, file);
  gate.resolve();
  await reader.idle();
  expect(await db.selectFrom('chunk_files').selectAll().execute()).toEqual([]);
});

test('reads two files at once, and no more', async () => {
  const world = await start();
  const { addFile, ingestion } = world;
  const files = [await addFile('a'), await addFile('b'), await addFile('c')];
  await createStore(world, { file_ids: files });
  let atOnce = 0;
  const gate = Promise.withResolvers<void>();
  const reader = ingestion(
    extractorWith(async () => {
      atOnce += 1;
      await gate.promise;
    }),
  );
  await reader.tick();
  await reader.tick();
  await eventLoopTurn();
  expect(atOnce).toBe(2);
  gate.resolve();
  await reader.idle();
});

test('a file that is added again while it is read takes a second place, and both are waited for', async () => {
  const world = await start();
  const { addFile, ingestion, statusOf } = world;
  const file = await addFile('a');
  const store = await createStore(world, { file_ids: [file] });
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  let started = 0;
  const reader = ingestion(
    extractorWith(async () => {
      started += 1;
      await gates[started - 1]?.promise;
    }),
  );
  await reader.tick();
  await eventLoopTurn();
  await addFiles(world, store, [file, await addFile('b'), await addFile('c')]);
  await reader.tick();
  await reader.tick();
  await eventLoopTurn();
  expect(started).toBe(2);
  let isIdle = false;
  const idle = reader.idle().then(() => (isIdle = true));
  gates[1]?.resolve();
  await eventLoopTurn();
  expect(await statusOf(store, file)).toBe('completed');
  expect(isIdle).toBe(false);
  for (const gate of gates) gate.resolve();
  await idle;
});

test('a file that is added again is read again, with its old chunks until then', async () => {
  const world = await start();
  const { addFile, ingestion, textsOf } = world;
  const file = await addFile('One sentence. '.repeat(20));
  const store = await createStore(world, { file_ids: [file] });
  const reader = ingestion(extractorWith());
  await runToEnd(reader);
  expect(await textsOf(store, file)).toHaveLength(1);
  const small = { max_chunk_size_tokens: 100, chunk_overlap_tokens: 0 };
  await addFiles(world, store, [file], { chunking_strategy: { type: 'static', static: small } });
  expect(await textsOf(store, file)).toHaveLength(1);
  await runToEnd(reader);
  expect((await textsOf(store, file)).length).toBeGreaterThan(2);
});

test('the chunks of an expired store, and those that nobody owns, are deleted', async () => {
  const world = await start();
  const { db, clock, addFile, ingestion } = world;
  const file = await addFile('text');
  await createStore(world, {
    file_ids: [file],
    expires_after: { anchor: 'last_active_at', days: 1 },
  });
  const orphaned = await createStore(world, { file_ids: [file] });
  await runToEnd(ingestion(extractorWith()));
  await db.deleteFrom('vector_stores').where('id', '=', orphaned).execute();
  await clock.advance(24 * 60 * 60 * 1000);
  await deleteUnusedChunks(db, clock);
  expect(await db.selectFrom('chunk_files').selectAll().execute()).toEqual([]);
});

async function* interrupted() {
  yield [{ position: 0, page: null, text: 'half' }];
  throw new Error('killed');
}

test('the rest of an interrupted replacement is deleted, unless the file is being read', async () => {
  const world = await start();
  const { db, clock, addFile, ingestion, textsOf } = world;
  const file = await addFile('text');
  const store = await createStore(world, { file_ids: [file] });
  await runToEnd(ingestion(extractorWith()));
  await expect(replaceChunks(db, store, file, interrupted())).rejects.toThrow('killed');
  const countOf = async (table: 'chunk_files' | 'chunks' | 'chunk_index') =>
    (await db.selectFrom(table).selectAll().execute()).length;
  const setStatus = (status: 'completed' | 'in_progress') =>
    db.updateTable('vector_store_files').set({ status }).execute();
  await setStatus('in_progress');
  await deleteUnusedChunks(db, clock);
  expect(await countOf('chunk_files')).toBe(2);
  await setStatus('completed');
  await deleteUnusedChunks(db, clock);
  for (const table of ['chunk_files', 'chunks', 'chunk_index'] as const) {
    expect(await countOf(table)).toBe(1);
  }
  expect(await textsOf(store, file)).toEqual(['text']);
});

const stuckProgram = new URL('../../support/stuck-process/caller.ts', import.meta.url).href;

const readWith = async (extractor: Extractor, filename: string) => {
  const content = (async function* () {
    yield Buffer.from('text');
  })();
  const chunking = { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 };
  const file = { filename, bytes: 4, chunking, content };
  for await (const chunks of extractor.extract(file, new AbortController().signal)) void chunks;
};

test.each([
  ['crash', 'The file could not be parsed because reading it takes too much memory.'],
  ['loop', 'The file could not be parsed because reading it takes longer than 180 seconds.'],
])('a parser that ends in a %s fails one file', async (name, message) => {
  const clock = createClock();
  const extractor = createExtractor(clock, stuckProgram);
  const error = readWith(extractor, name).catch((reason: unknown) => reason);
  if (name === 'loop') await clock.advance(180_000);
  expect(await error).toMatchObject({ message, code: 'invalid_file' });
  extractor.stop();
});
