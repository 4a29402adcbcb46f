import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createPrinter } from '../../src/cli/commands/demo-conversation.ts';
import { runExport } from '../../src/cli/commands/export.ts';
import { runPrune } from '../../src/cli/commands/prune.ts';
import { createProgressBar, print } from '../../src/cli/terminal.ts';
import { createLog } from '../../src/shared/log.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { thread } from '../support/examples.ts';
import { temporary } from '../support/temporary-files.ts';
import { createStore, openTerminal, outcomeOf, toLines } from '../support/transfer.ts';

/** A new title, a cleared screen, C1 codes, a carriage return, a bell and reordered text. */
const hostile = '\u001b]0;title\u0007\u001b[2J\u009b31m\u0085\u007f\r\u0000\u202eevil\u2066\u061c';
const shown =
  '\\u001b]0;title\\u0007\\u001b[2J\\u009b31m\\u0085\\u007f\\u000d\\u0000\\u202eevil\\u2066\\u061c';

const active = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

/** In a file name there is no NUL. */
const fileName = `${hostile.replace('\0', '')}.jsonl`;

const printed = (text: string): string => {
  const stream = new PassThrough();
  print(stream, text);
  return String(stream.read());
};

test('prints no control character but newline and tab', () => {
  expect(printed(`${hostile}\t→ Grüße 👩‍👩‍👧 العربية\n`)).toBe(`${shown}\t→ Grüße 👩‍👩‍👧 العربية\n`);
  const codes = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
  expect(printed(codes.join('').replaceAll(/[\ud800-\udfff]/gu, ''))).not.toMatch(active);
});

test('import shows the escape sequences of a file name, an id and an error', async () => {
  const store = createStore();
  const file = join(dirname(store.database), fileName);
  const missing = await store.importFiles([file]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('\\u001b]0;title') });
  expect(missing.stderr).not.toMatch(active);
  writeFileSync(file, toLines([thread, { ...thread, id: `thread_${hostile}`, metadata: hostile }]));
  const invalid = await store.importFiles([file]);
  expect(invalid.code).toBe(1);
  expect(invalid.stderr).not.toMatch(active);
  writeFileSync(file, toLines([thread]));
  const imported = await store.importFiles([file]);
  expect(imported).toMatchObject({ code: 0, stderr: expect.stringContaining('from ') });
  expect(imported.stderr).not.toMatch(active);
});

test('export shows the escape sequences of an id and of a file name', async () => {
  const store = createStore();
  await store.importObjects([thread]);
  const unknown = await store.exportAll([`thread_${hostile}`]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('\\u001b');
  expect(unknown.stderr).not.toMatch(active);
  const done = await store.exportAll(undefined, join(dirname(store.database), fileName));
  expect(done.code).toBe(0);
  expect(done.stderr).not.toMatch(active);
});

test('export to a terminal escapes control characters in equivalent JSON', async () => {
  const store = createStore();
  const metadata = { note: '\u009b31m\u202eevil' };
  await store.importObjects([{ ...thread, metadata }]);
  const terminal = openTerminal({});
  Object.assign(terminal.stdout, { isTTY: true });
  const params = { database: store.database, threads: null, output: null };
  const { stdout } = await outcomeOf(terminal, runExport(terminal, params));
  expect(stdout).not.toMatch(active);
  expect(JSON.parse(stdout)).toMatchObject({ id: thread.id, metadata });
  expect((await store.exportAll()).stdout).toContain('\u009b31m');
});

test('prune shows the escape sequences of a database name', async () => {
  const database = join(dirname(temporary()), fileName);
  const terminal = openTerminal({});
  const params = { database, olderThan: 1, dryRun: false, pruneFiles: false, clock: systemClock };
  const { stderr } = await outcomeOf(terminal, runPrune(terminal, params));
  expect(stderr).toContain('\\u001b]0;title');
  expect(stderr).not.toMatch(active);
});

test('the progress bar shows the escape sequences of its label', () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true });
  createProgressBar(stream, hostile, 10).advance(5);
  expect(String(stream.read())).toContain(`\r${shown} █`);
});

test('the demo shows the escape sequences of a reply', () => {
  const stream = new PassThrough();
  const printer = createPrinter((text) => print(stream, text));
  printer.line(`The assistant replies: ${hostile}`);
  expect(String(stream.read())).toBe(`    The assistant replies: ${shown}\n`);
});

test('log lines are equivalent JSON without control characters', () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLog({ level: 'info', secrets: [], now: () => 0, write });
  log.info(hostile, { error: `${hostile}\n` });
  expect(lines.join('').slice(0, -1)).not.toMatch(active);
  expect(JSON.parse(lines.join(''))).toMatchObject({ message: hostile, error: `${hostile}\n` });
});

test('only the terminal, the log and the answer to a refused client write to streams', () => {
  const writers = readdirSync('src/cli', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => readFileSync(join('src/cli', file), 'utf8').includes('.write('));
  expect(writers.toSorted()).toEqual(['host.ts', 'refuse-client.ts', 'terminal.ts']);
});
