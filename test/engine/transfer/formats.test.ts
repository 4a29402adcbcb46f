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
  ['JSON Lines whose last line has no end', lines.trimEnd()],
  ['JSON Lines of Windows, with a byte order mark', `\uFEFF${lines.replaceAll('\n', '\r\n')}`],
  ['JSON Lines with blank lines', `\n\n${lines.replaceAll('\n', '\n \n')}`],
  ['an array', JSON.stringify(objects)],
  ['an array over many lines', JSON.stringify(objects, null, 2)],
  ['an array with an object a line', `[\n${lines.trimEnd().replaceAll('\n', ',\n')}\n]\n`],
  ['a list', JSON.stringify(list)],
  ['a list over many lines', `\uFEFF${JSON.stringify(list, null, '\t')}`],
  ['a line for each of several lists', `${JSON.stringify(list)}\n[]\n`],
];

test.each(formats)('%s is read', async (_, content) => {
  const store = createStore();
  const { code, stderr } = await store.importText(content);
  expect([code, stderr]).toEqual([
    0,
    'Imported 1 assistant, 1 thread and 1 message from in.jsonl.\n',
  ]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout).map(({ id }) => id)).toEqual(objects.map(({ id }) => id));
});

test('a single object over many lines is read, and a file of nothing', async () => {
  const store = createStore();
  const { stderr } = await store.importText(JSON.stringify(thread, null, 2));
  expect(stderr).toBe('Imported 1 thread from in.jsonl.\n');
  const empty = await store.importText('\n');
  expect([empty.code, empty.stderr]).toEqual([0, 'Imported nothing from in.jsonl.\n']);
});

test('- is stdin', async () => {
  const store = createStore();
  const { code, stderr } = await store.importFiles(['-'], { stdin: lines });
  expect([code, stderr]).toEqual([0, 'Imported 1 assistant, 1 thread and 1 message from stdin.\n']);
});

test('characters that some readers take for line ends are none', async () => {
  const store = createStore();
  const value = 'one\u2028two\u2029three\u0085four';
  const said = { ...question, content: [{ type: 'text', text: { value, annotations: [] } }] };
  await store.importObjects([thread, said]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout)[1]).toMatchObject({ content: [{ text: { value } }] });
});

test('lines and characters may end anywhere in a piece that is read', async () => {
  const store = createStore();
  const value = 'ü€🏃'.repeat(60_000);
  const metadata = { key: '🏃' };
  const said = { ...question, content: [{ type: 'text', text: { value, annotations: [] } }] };
  await store.importObjects([{ ...thread, metadata }, said]);
  const { stdout } = await store.exportAll();
  expect(objectsIn(stdout)).toMatchObject([{ metadata }, { content: [{ text: { value } }] }]);
});

test('several files come in one after the other; the first bad one ends it', async () => {
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

test.each([
  ['another encoding', utf16, 'in.jsonl:1: The file is not UTF-8 text.'],
  ['bytes that are no text', Buffer.from([10, 10, 123, 0xff]), 'in.jsonl:3: The file is not UTF-8'],
  ['an unfinished line', `${lines}{"id":`, 'in.jsonl:4: Not a line of JSON: '],
  ['prose', 'Dear diary,\n', 'in.jsonl:1: Neither JSON Lines nor JSON: '],
  ['an unfinished document', '[\n{}', 'in.jsonl:1: Neither JSON Lines nor JSON: '],
  [
    'JSON without end',
    `${'['.repeat(600)}${']'.repeat(600)}`,
    'in.jsonl:1: The JSON is nested more than 500 levels deep.',
  ],
])('%s is refused', async (_, content, sentence) => {
  const store = createStore();
  const { code, stderr } = await store.importText(content);
  expect(code).toBe(1);
  expect(stderr).toContain(sentence);
  expect((await store.exportAll()).stdout).toBe('');
});
