import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { assistant, question, thread } from '../../support/examples.ts';
import { createStore, objectsIn, toLines } from '../../support/transfer.ts';

const objects = [assistant, thread, question];
const list = { object: 'list', data: objects, first_id: 'a', last_id: 'b', has_more: false };
const lines = toLines(objects);
const utf16 = Buffer.from(`\uFEFF${lines}`, 'utf16le');
const pretty = objects.map((object) => JSON.stringify(object, null, 2));

const formats: [name: string, content: string | Buffer][] = [
  ['JSON Lines', lines],
  ['JSON Lines without a line feed at the end', lines.trimEnd()],
  ['JSON Lines with CRLF and a byte order mark', `\uFEFF${lines.replaceAll('\n', '\r\n')}`],
  ['JSON Lines with blank lines', `\n\n${lines.replaceAll('\n', '\n \n')}`],
  ['an array', JSON.stringify(objects)],
  ['an array formatted over many lines', JSON.stringify(objects, null, 2)],
  ['an array with one object per line', `[\n${lines.trimEnd().replaceAll('\n', ',\n')}\n]\n`],
  ['a list envelope', JSON.stringify(list)],
  ['a list envelope formatted over many lines', `\uFEFF${JSON.stringify(list, null, '\t')}`],
  ['JSON Lines of lists', `${JSON.stringify(list)}\n[]\n`],
  ['documents formatted over many lines, one after the other', pretty.join('\n')],
  ['documents without anything between them', pretty.join('')],
  ['documents of one line without anything between them', lines.replaceAll('\n', '')],
  ['arrays in an array', JSON.stringify([objects.slice(0, 1), objects.slice(1)], null, 1)],
  ['a list without its name', JSON.stringify({ data: objects, has_more: false })],
  ['UTF-16', utf16],
  ['UTF-16 without a byte order mark', utf16.subarray(2)],
  ['UTF-16 with the bytes of each letter swapped', Buffer.from(utf16).swap16()],
  ['UTF-16 with CRLF', Buffer.from(`\uFEFF${lines.replaceAll('\n', '\r\n')}`, 'utf16le')],
  ['gzip', gzipSync(lines)],
  ['gzip of UTF-16', gzipSync(utf16)],
];

test.each(formats)('imports %s', async (_, content) => {
  const store = createStore();
  const { code, stderr } = await store.importText(content);
  expect([code, stderr]).toEqual([
    0,
    'Imported 1 assistant, 1 thread and 1 message from in.jsonl.\n',
  ]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout).map(({ id }) => id)).toEqual(objects.map(({ id }) => id));
});

test('imports a single object formatted over many lines, and an empty file', async () => {
  const store = createStore();
  const { stderr } = await store.importText(JSON.stringify(thread, null, 2));
  expect(stderr).toBe('Imported 1 thread from in.jsonl.\n');
  const empty = await store.importText('\n');
  expect([empty.code, empty.stderr]).toEqual([0, 'Imported nothing from in.jsonl.\n']);
});

test('reads stdin for the file name -', async () => {
  const store = createStore();
  const { code, stderr } = await store.importFiles(['-'], { stdin: lines });
  expect([code, stderr]).toEqual([0, 'Imported 1 assistant, 1 thread and 1 message from stdin.\n']);
});

test('does not split lines at U+2028, U+2029 and U+0085', async () => {
  const store = createStore();
  const value = 'one\u2028two\u2029three\u0085four';
  const message = { ...question, content: [{ type: 'text', text: { value, annotations: [] } }] };
  await store.importObjects([thread, message]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout)[1]).toMatchObject({ content: [{ text: { value } }] });
});

test('imports lines and characters that span several chunks', async () => {
  const store = createStore();
  const value = 'ü€🏃'.repeat(60_000);
  const metadata = { key: '🏃' };
  const message = { ...question, content: [{ type: 'text', text: { value, annotations: [] } }] };
  await store.importObjects([{ ...thread, metadata }, message]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout)).toMatchObject([{ metadata }, { content: [{ text: { value } }] }]);
});

test('imports files in order and stops at the first invalid one', async () => {
  const store = createStore();
  const files = [[thread], [{ ...question, role: 'robot' }], [assistant]].map((data, index) => {
    const file = `${store.database}.${index}.json`;
    writeFileSync(file, JSON.stringify(data));
    return file;
  });
  const { code, stderr } = await store.importFiles(files);
  expect([code, stderr.replaceAll(`${store.database}.`, '')]).toEqual([
    1,
    'Imported 1 thread from 0.json.\n' +
      "1.json:1: [0]: role: Invalid value: 'robot'. Supported values are: 'user' and 'assistant'.\n" +
      'Nothing of it was imported.\n',
  ]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout).map(({ id }) => id)).toEqual([thread.id]);
});

const unknownFormat =
  "in.jsonl:1: The file is neither JSON nor CSV with a header that names 'thread_id', 'role' and 'content'.";

test.each([
  [
    'a line that is not UTF-8',
    Buffer.from([10, 10, 123, 0xff]),
    'in.jsonl:3: The file is not UTF-8 or UTF-16 text.',
  ],
  [
    'half a letter of UTF-16',
    Buffer.concat([utf16, Buffer.from([65])]),
    'in.jsonl:4: The file is not UTF-8 or UTF-16 text.',
  ],
  [
    'half a gzip file',
    gzipSync(lines).subarray(0, 100),
    'in.jsonl: The gzip file is damaged or incomplete: unexpected end of file.',
  ],
  [
    'a ZIP archive',
    Buffer.from('PK\u0003\u0004…'),
    'in.jsonl: The file is a ZIP archive; unpack it and import its files.',
  ],
  [
    'an incomplete line',
    `${lines}{"id":`,
    'in.jsonl:4: Invalid JSON: the value that begins here does not end.',
  ],
  [
    'an incomplete string',
    '{"id": "a\n"}',
    'in.jsonl:1: Invalid JSON: a string does not end on its line.',
  ],
  ['plain text', 'Dear diary,\n', unknownFormat],
  ['ids of threads', 'thread_1\nthread_2\n', unknownFormat],
  [
    'an array without its end',
    `\n[\n${JSON.stringify(thread)}`,
    'in.jsonl:2: Invalid JSON: the array that begins here does not end.',
  ],
  [
    'an array without a comma',
    `[\n${JSON.stringify(thread)}\n${JSON.stringify(question)}]`,
    "in.jsonl:3: Invalid JSON: unexpected '{' in an array.",
  ],
  [
    'an array with a comma at its end',
    `[\n${JSON.stringify(thread)},\n]`,
    "in.jsonl:3: Invalid JSON: unexpected ']' in an array.",
  ],
  [
    'an invalid value within a document',
    '{\n "data": [\n  {"id": 1,\n   "x": bad\n  }\n ]\n}',
    "in.jsonl:4: Invalid JSON: Unexpected token 'b'.",
  ],
  [
    'a comma too many within a document',
    '{\n "data": [\n  {"id": 1},\n ]\n}\n',
    "in.jsonl:4: Invalid JSON: Unexpected token ']'.",
  ],
  [
    'JSON that is nested too deep',
    `${'['.repeat(600)}${']'.repeat(600)}`,
    'in.jsonl:1: [0]: The JSON is nested more than 500 levels deep.',
  ],
])('rejects %s', async (_, content, sentence) => {
  const store = createStore();
  const { code, stderr } = await store.importText(content);
  expect([code, stderr]).toEqual([1, `${sentence}\nNothing of it was imported.\n`]);
  expect((await store.exportAll()).stdout).toBe('');
});
