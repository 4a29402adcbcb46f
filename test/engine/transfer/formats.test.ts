import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { assistant, question, thread } from '../../support/examples.ts';
import { createStore, objectsIn, toLines } from '../../support/transfer.ts';

const objects = [assistant, thread, question];
const list = { object: 'list', data: objects, first_id: 'a', last_id: 'b', has_more: false };
const lines = toLines(objects);
const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(lines, 'utf16le')]);

const formats: [name: string, content: string][] = [
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
      "1.json:1: [0]: Invalid value: 'robot'. Supported values are: 'user' and 'assistant'.\n" +
      'Nothing of it was imported.\n',
  ]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout).map(({ id }) => id)).toEqual([thread.id]);
});

const notJson = 'in.jsonl:1: The file is neither JSON Lines nor one JSON document: ';

test.each([
  ['a file in UTF-16', utf16, 'in.jsonl:1: The file is not UTF-8 text.'],
  [
    'a line that is not UTF-8',
    Buffer.from([10, 10, 123, 0xff]),
    'in.jsonl:3: The file is not UTF-8',
  ],
  ['an incomplete line', `${lines}{"id":`, 'in.jsonl:4: The line is not valid JSON: '],
  ['plain text', 'Dear diary,\n', notJson],
  ['an incomplete document', '[\n{}', notJson],
  [
    'JSON that is nested too deep',
    `${'['.repeat(600)}${']'.repeat(600)}`,
    'in.jsonl:1: The JSON is nested more than 500 levels deep.',
  ],
])('rejects %s', async (_, content, sentence) => {
  const store = createStore();
  const { code, stderr } = await store.importText(content);
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect((await store.exportAll()).stdout).toBe('');
});
