import { toFile } from 'openai';
import { expect, test } from 'vitest';
import { runExport } from '../../src/cli/commands/export.ts';
import { runPrune } from '../../src/cli/commands/prune.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { openDatabase } from '../../src/engine/store/open.ts';
import { eventLoopTurn, start } from '../support/clock.ts';
import { type Harness, setup } from '../support/engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { createStore, objectsIn, openTerminal, outcomeOf } from '../support/transfer.ts';

const day = 86_400;
const bytes = Uint8Array.from({ length: 2 ** 20 + 777 }, (_, index) => (index * 13) % 256);

const upload = async ({ openai }: Harness, name: string, content: string | Uint8Array = 'x') =>
  openai.files.create({ file: await toFile(Buffer.from(content), name), purpose: 'assistants' });

const contentOf = async ({ openai }: Harness, id: string) =>
  new Uint8Array(await (await openai.files.content(id)).arrayBuffer());

const open = (database: string) => setup({ database, keepsFiles: 'local' });

/** Exports with files; the harness on the database has to be stopped first. */
async function exportFiles(database: string, threads: readonly string[] | null = null) {
  const terminal = openTerminal({});
  const params = { database, threads, output: null, exportFiles: true };
  return outcomeOf(terminal, runExport(terminal, params));
}

test('an export with files is imported with the same ids and contents', async () => {
  const database = temporary();
  const harness = await open(database);
  const files = [
    await upload(harness, 'bïg.bin', bytes),
    await upload(harness, 'empty.txt', ''),
    await upload(harness, 'small.txt', 'small'),
  ];
  const { stdout, stderr } = await exportFiles(database);
  expect(stderr).toContain('Exported 6 objects.');
  const lines = stdout.split('\n').map(({ length }) => length);
  expect(Math.max(...lines)).toBeLessThan(2 ** 20 + 200);
  const copy = createStore();
  const imported = await copy.importText(stdout);
  expect(imported).toMatchObject({ code: 0, stderr: 'Imported 3 files from in.jsonl.\n' });
  const other = await open(copy.database);
  expect((await other.openai.files.list()).data.map(({ id }) => id).toSorted()).toEqual(
    files.map(({ id }) => id).toSorted(),
  );
  for (const file of files) {
    expect(await other.openai.files.retrieve(file.id)).toEqual(file);
    expect(await contentOf(other, file.id)).toEqual(await contentOf(harness, file.id));
  }
  expect((await exportFiles(copy.database)).stdout).toBe(stdout);
});

test('an import refuses files that exist, and overwrites them with --replace', async () => {
  const database = temporary();
  const harness = await open(database);
  const { id } = await upload(harness, 'a.txt', 'old');
  const { stdout } = await exportFiles(database);
  const store = createStore(database);
  const refused = await store.importText(stdout);
  expect(refused.stderr).toContain(
    `in.jsonl:1: Duplicate 'id': '${id}' already exists in the database; use --replace to overwrite it.`,
  );
  const [, content] = objectsIn(stdout);
  const other = { ...content, data: Buffer.from('new').toString('base64') };
  const changed = `${stdout.split('\n')[0]}\n${JSON.stringify(other)}\n`;
  expect(await store.importText(changed, { replace: true })).toMatchObject({ code: 0 });
  harness.engine.start();
  await harness.clock.advance(120_000);
  expect(new TextDecoder().decode(await contentOf(harness, id))).toBe('new');
});

const file = {
  object: 'file',
  id: 'file-a',
  bytes: 3,
  created_at: 1,
  filename: 'a',
  purpose: 'assistants',
};
const part = { object: 'file.content', file_id: 'file-a', position: 0, data: 'YWJj' };

test.each([
  [
    [file],
    "in.jsonl:1: Incomplete file 'file-a': its content has 0 of 3 bytes. Export it with --files.",
  ],
  [[part], "in.jsonl:1: Invalid 'file_id': the file 'file-a' is not before it."],
  [
    [file, { ...part, position: 1 }],
    "in.jsonl:2: Invalid 'position': expected 0, where the content before it ends.",
  ],
  [[file, { ...part, data: 'YWJ' }], "in.jsonl:2: Invalid 'data': expected base64."],
  [[file, { ...part, data: 'YWJjZA==' }], "in.jsonl:2: Invalid 'data': expected at most 3 bytes."],
  [[file, part, file], "in.jsonl:3: Duplicate 'id': 'file-a' appears twice in this file."],
  [
    [{ ...file, bytes: -1 }],
    "in.jsonl:1: Invalid 'bytes': expected an integer that is not negative.",
  ],
  [[{ ...file, filename: 3 }], "in.jsonl:1: Invalid 'filename': expected a text."],
])('an import refuses %j', async (lines, sentence) => {
  const store = createStore();
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const { code, stderr } = await store.importText(text);
  expect([code, stderr]).toEqual([1, `${sentence}\nNothing of it was imported.\n`]);
});

test('an export of threads has only the files that they refer to', async () => {
  const database = temporary();
  const harness = await open(database);
  const attached = await upload(harness, 'attached.txt');
  const { id: image } = await upload(harness, 'shown.png');
  await upload(harness, 'other.txt');
  const attachments = [{ file_id: attached.id, tools: [{ type: 'code_interpreter' as const }] }];
  const content = [{ type: 'image_file' as const, image_file: { file_id: image } }];
  const { threads } = harness.openai.beta;
  const { id } = await threads.create({ messages: [{ role: 'user', content, attachments }] });
  const objects = objectsIn((await exportFiles(database, [id])).stdout);
  const files = objects.filter(({ object }) => object === 'file');
  expect(files.map((each) => each['filename'])).toEqual(['attached.txt', 'shown.png']);
});

/** What an import keeps of a vector store: its files are read again. */
const strip = ({
  usage_bytes: _bytes,
  file_counts: _counts,
  status: _status,
  ...rest
}: object & Record<string, unknown>) => rest;

test('an export with files has the vector stores, whose files are read again after an import', async () => {
  const database = temporary();
  const harness = await open(database);
  const { openai, clock } = harness;
  const handbook = await upload(harness, 'handbook.txt', 'Light rain calls for a jacket.');
  const store = await openai.vectorStores.create({
    name: 'Handbooks',
    metadata: { team: 'field' },
    expires_after: { anchor: 'last_active_at', days: 9 },
  });
  await openai.vectorStores.files.create(store.id, {
    file_id: handbook.id,
    attributes: { year: 2026, public: true },
    chunking_strategy: {
      type: 'static',
      static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 50 },
    },
  });
  await clock.advance(1000);
  await openai.vectorStores.create({ name: 'Empty' });
  const { stdout } = await exportFiles(database);
  const copy = createStore();
  const imported = await copy.importText(stdout);
  expect(imported.stderr).toBe('Imported 1 file and 2 vector stores from in.jsonl.\n');
  const other = await open(copy.database);
  const [copied] = (await other.openai.vectorStores.list({ order: 'asc' })).data;
  expect(strip({ ...copied })).toEqual(
    strip({ ...(await openai.vectorStores.retrieve(store.id)) }),
  );
  const inStore = { vector_store_id: store.id };
  expect(await other.openai.vectorStores.files.retrieve(handbook.id, inStore)).toMatchObject({
    status: 'in_progress',
    attributes: { year: 2026, public: true },
    chunking_strategy: { static: { max_chunk_size_tokens: 200, chunk_overlap_tokens: 50 } },
  });
  expect((await exportFiles(copy.database)).stdout).toBe(stdout);
  expect((await copy.importText(stdout)).stderr).toContain("Duplicate 'id'");
  expect(await copy.importText(stdout, { replace: true })).toMatchObject({ code: 0 });
});

test('an export of a thread has its vector store and the files in it', async () => {
  const database = temporary();
  const { openai, ...harness } = await open(database);
  const used = await upload({ openai, ...harness }, 'used.txt');
  await upload({ openai, ...harness }, 'unused.txt');
  await openai.vectorStores.create({ name: 'Unused' });
  const { id } = await openai.beta.threads.create({
    tool_resources: { file_search: { vector_stores: [{ file_ids: [used.id] }] } },
  });
  const { stdout } = await exportFiles(database, [id]);
  expect(objectsIn(stdout).map(({ object }) => object)).toEqual([
    'thread',
    'file',
    'file.content',
    'vector_store',
    'vector_store.file',
  ]);
});

test.each([
  ['{"object":"vector_store","id":"vs_1"}', "Invalid 'created_at'"],
  [
    '{"object":"vector_store","id":"vs_1","file_counts":{}}',
    "The vector store 'vs_1' has no files here.",
  ],
  [
    '{"object":"vector_store","id":"vs_1","created_at":1,"last_active_at":1,"expires_after":{"days":0}}',
    "Invalid 'expires_after.days'",
  ],
  [
    '{"object":"vector_store.file","id":"file-1","vector_store_id":"vs_1"}',
    "Invalid 'vector_store_id'",
  ],
])('an import refuses the line %s', async (line, message) => {
  const { code, stderr } = await createStore().importText(line);
  expect(code).toBe(1);
  expect(stderr).toContain(message);
});

async function prune(database: string, params: { pruneFiles?: boolean; dryRun?: boolean }) {
  const terminal = openTerminal({});
  const clock: Clock = { now: () => start + 10 * day * 1000, sleep: () => eventLoopTurn() };
  const { dryRun = false, pruneFiles = false } = params;
  return outcomeOf(
    terminal,
    runPrune(terminal, { database, olderThan: day, clock, pruneFiles, dryRun }),
  );
}

test('prune --files deletes old files that nothing refers to, and their contents', async () => {
  const database = temporary();
  const harness = await open(database);
  const { openai, clock } = harness;
  const unused = await upload(harness, 'unused.bin', bytes);
  const used = await upload(harness, 'used.txt');
  const tool_resources = { code_interpreter: { file_ids: [used.id] } };
  const tools = [{ type: 'code_interpreter' as const }];
  await openai.beta.assistants.create({ model: 'm', tools, tool_resources });
  const indexed = await upload(harness, 'indexed.txt');
  await openai.vectorStores.create({ file_ids: [indexed.id] });
  await clock.advance(9.5 * day * 1000);
  const recent = await upload(harness, 'recent.txt');
  expect((await prune(database, {})).stderr).toBe('Deleted nothing.\n');
  const rehearse = async () => (await prune(database, { pruneFiles: true, dryRun: true })).stderr;
  expect(await rehearse()).toBe('Would delete 1 file.\n');
  expect((await prune(database, { pruneFiles: true })).stderr).toBe('Deleted 1 file.\n');
  const { data } = await openai.files.list();
  expect(data.map(({ id }) => id)).toEqual([recent.id, indexed.id, used.id]);
  expect(data.map(({ id }) => id)).not.toContain(unused.id);
  const db = await openDatabase(database);
  const pieces = await db.selectFrom('file_parts').select('owner_id').execute();
  const waiting = await db.selectFrom('unused_contents').selectAll().execute();
  await db.destroy();
  expect([pieces.length, waiting]).toEqual([3, []]);
});
