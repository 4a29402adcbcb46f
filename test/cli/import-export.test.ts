import { execFileSync } from 'node:child_process';
import {
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { callbackify } from 'node:util';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/engine/store/open.ts';
import { runExport } from '../../src/cli/commands/export.ts';
import { runImport } from '../../src/cli/commands/import.ts';
import { createProgressBar } from '../../src/cli/terminal.ts';
import { waitUntil } from '../support/clock.ts';
import { setup } from '../support/engine.ts';
import { assistant, question, thread } from '../support/examples.ts';
import { temporary } from '../support/temporary-files.ts';
import { createThread } from '../support/conversation.ts';
import { createStore, now, objectsIn, toLines } from '../support/transfer.ts';

const objects = [assistant, thread, question];
const never = new Promise<void>(() => {});

const manyMessages = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...question, id: `msg_${index}` }));

test('import shows a progress bar on a terminal and erases it at the end', async () => {
  const store = createStore();
  const { stderr } = await store.importText(toLines([thread, ...manyMessages(2000)]), {
    isTTY: true,
  });
  const percentages = [...stderr.matchAll(/\r\S+in\.jsonl|\rin\.jsonl [█░]{30} +(\d+) %/gu)].map(
    ([, percent]) => Number(percent),
  );
  expect(percentages.at(-1)).toBe(100);
  expect(percentages).toEqual([...new Set(percentages)].toSorted((one, other) => one - other));
  expect(percentages.length).toBeGreaterThan(5);
  const last = ' 100 %\r\u001B[KImported 1 thread and 2000 messages from in.jsonl.\n';
  expect(stderr.slice(-last.length)).toBe(last);
});

test('shows no progress bar without a terminal or a known total', () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  createProgressBar(stream, 'stdin', null).advance(1);
  createProgressBar(stream, 'empty', 0).end();
  createProgressBar(new PassThrough(), 'piped', 10).advance(10);
  expect(stream.read()).toBeNull();
});

test.each([
  ['nowhere.jsonl', 'no such file or directory.'],
  ['.', 'illegal operation on a directory.'],
])('import names a file that cannot be read: %s', async (name, sentence) => {
  const store = createStore();
  const file = join(dirname(store.database), name);
  const { code, stderr } = await store.importFiles([file]);
  expect([code, stderr]).toEqual([1, `${file}: ${sentence}\nNothing of it was imported.\n`]);
});

test('import and export report a database that cannot be opened in one sentence', async () => {
  const database = temporary();
  writeFileSync(database, 'something else altogether');
  const store = createStore(database);
  const sentence = `The file ${database} is not a database; choose another file.\n`;
  expect(await store.importText('')).toMatchObject({
    code: 1,
    stderr: sentence.replace(`${dirname(database)}/`, ''),
  });
  expect(await store.exportAll()).toMatchObject({ code: 1, stdout: '', stderr: sentence });
});

test('export creates no database', async () => {
  const store = createStore();
  const { code, stderr } = await store.exportAll();
  expect([code, stderr]).toEqual([1, `There is no database at ${store.database}.\n`]);
  expect(readdirSync(dirname(store.database))).toEqual([]);
});

test('export names an unknown thread before it writes anything', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const outcome = await store.exportAll([thread.id, 'thread_2']);
  expect(outcome).toEqual({
    code: 1,
    stdout: '',
    stderr: "No thread found with id 'thread_2'.\n",
  });
});

test('export replaces an existing file once all is written, readable by its owner only', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const output = join(dirname(store.database), 'all.jsonl');
  writeFileSync(output, 'before');
  expect(await store.exportAll(['thread_2'], output)).toMatchObject({ code: 1 });
  expect(readFileSync(output, 'utf8')).toBe('before');
  const { code, stdout, stderr } = await store.exportAll(undefined, output);
  expect([code, stdout, stderr]).toEqual([0, '', `Exported 3 objects to ${output}.\n`]);
  expect(readFileSync(output, 'utf8')).toBe((await store.exportAll()).stdout);
  expect(statSync(output).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(output)).filter((name) => name.endsWith('.partial'))).toEqual([]);
});

test('two concurrent exports to one file do not mix', async () => {
  const store = createStore();
  await store.importObjects([thread, ...manyMessages(2000)]);
  const output = join(dirname(store.database), 'all.jsonl');
  const both = await Promise.all([output, output].map((file) => store.exportAll(undefined, file)));
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(readFileSync(output, 'utf8')).toBe((await store.exportAll()).stdout);
});

test('export writes directly into a pipe', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const output = join(dirname(store.database), 'pipe');
  execFileSync('mkfifo', [output]);
  const [piped, { code }] = await Promise.all([
    readFile(output, 'utf8'),
    store.exportAll(undefined, output),
  ]);
  expect([code, statSync(output).isFIFO()]).toEqual([0, true]);
  expect(piped).toBe((await store.exportAll()).stdout);
});

test('export replaces the target of a symbolic link', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const file = join(dirname(store.database), 'all.jsonl');
  const output = `${file}.link`;
  writeFileSync(file, 'before');
  symlinkSync('all.jsonl', output);
  expect(await store.exportAll(undefined, output)).toMatchObject({ code: 0 });
  expect(readlinkSync(output)).toBe('all.jsonl');
  expect(readFileSync(file, 'utf8')).toBe((await store.exportAll()).stdout);
});

test('export refuses to replace its own database', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const { database } = store;
  expect(await store.exportAll(undefined, database)).toEqual({
    code: 1,
    stdout: '',
    stderr: `${database}: This is the database itself; choose another file.\n`,
  });
  expect((await store.exportAll()).code).toBe(0);
});

test('export names a file that cannot be written', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const output = join(dirname(store.database), 'nowhere', 'all.jsonl');
  expect(await store.exportAll(undefined, output)).toEqual({
    code: 1,
    stdout: '',
    stderr: `${output}: no such file or directory.\n`,
  });
});

test('an interrupted export leaves no file', async () => {
  const store = createStore();
  await store.importObjects(objects);
  const output = join(dirname(store.database), 'all.jsonl');
  const stderr = new PassThrough();
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr };
  const command = { database: store.database, threads: null, output };
  const ended = runExport({ ...streams, interrupted: Promise.resolve() }, command);
  expect(await ended).toBe(1);
  expect(String(stderr.read())).toBe('Interrupted.\n');
  const files = readdirSync(dirname(output)).filter((name) => name.includes('all.jsonl'));
  expect(files).toEqual([]);
});

test('an export to a stdout that never waits can be interrupted', async () => {
  const store = createStore();
  await store.importObjects([thread, ...manyMessages(2000)]);
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  let pieces = 0;
  const write = (_chunk: Buffer, _encoding: string, done: () => void) => {
    pieces += 1;
    setImmediate(interrupt);
    done();
  };
  const stderr = new PassThrough();
  // Like the process's own stdout, this one cannot be destroyed.
  const stdout = Object.assign(new Writable({ write }), { destroy: () => stdout });
  const streams = { stdin: new PassThrough(), stdout, stderr };
  const command = { database: store.database, threads: null, output: null };
  expect(await runExport({ ...streams, interrupted }, command)).toBe(1);
  expect([pieces, String(stderr.read())]).toEqual([1, 'Interrupted.\n']);
});

test('an interrupted import imports nothing', async () => {
  const store = createStore();
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const [stdin, stderr] = [new PassThrough(), new PassThrough()];
  const terminal = { stdin, stdout: new PassThrough(), stderr, interrupted };
  const command = { files: ['-'], replace: false, dryRun: false, now, runLifetime: 600 };
  const ended = runImport(terminal, { ...command, database: store.database });
  stdin.write(toLines(objects));
  await waitUntil(() => stdin.readableLength === 0 && stdin.readableFlowing !== null);
  interrupt();
  expect(await ended).toBe(1);
  expect(String(stderr.read())).toBe('-: Interrupted.\nNothing of it was imported.\n');
  expect((await store.exportAll()).stdout).toBe('');
});

test('export exits silently when the reader of stdout closes it', async () => {
  const store = createStore();
  await store.importObjects([thread, ...manyMessages(2000)]);
  const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done(closed) });
  stdout.on('error', () => {});
  const stderr = new PassThrough();
  const terminal = { stdin: new PassThrough(), stdout, stderr, interrupted: never };
  const command = { database: store.database, threads: null, output: null };
  expect(await runExport(terminal, command)).toBe(1);
  expect(stderr.read()).toBeNull();
});

test('export writes a snapshot while others write to the database', async () => {
  const store = createStore();
  await store.importObjects([thread, ...manyMessages(2000)]);
  const harness = await setup({ database: store.database });
  const pieces: string[] = [];
  const writePiece = async (chunk: Buffer) => {
    pieces.push(chunk.toString());
    await createThread(harness);
  };
  const stdout = new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _encoding, done) => callbackify(writePiece)(chunk, done),
  });
  const terminal = { stdin: new PassThrough(), stdout, stderr: new PassThrough() };
  const command = { database: store.database, threads: null, output: null };
  expect(await runExport({ ...terminal, interrupted: never }, command)).toBe(0);
  expect(pieces.length).toBeGreaterThan(5);
  expect(objectsIn(pieces.join(''))).toHaveLength(2001);
  expect((await harness.openai.beta.threads.retrieve(thread.id)).id).toBe(thread.id);
});

test('import waits for another writer to finish', async () => {
  const store = createStore();
  const db = await openDatabase(store.database);
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const writing = db.transaction().execute(() => done);
  const imported = store.importText(toLines(objects));
  finish();
  await writing;
  await db.destroy();
  expect(await imported).toMatchObject({ code: 0 });
});
