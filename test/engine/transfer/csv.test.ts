import { expect, test } from 'vitest';
import { createStore, objectsIn } from '../../support/transfer.ts';

const rows = [
  ['thread', 'role', 'content', 'created_at'],
  ['thread_1', 'user', 'Weather, "in" Oslo;\nplease\tnow?', '1790000000'],
  ['thread_1', 'assistant', 'Snow.', '1790000004'],
  ['thread_2', 'user', "It's", '1790000010'],
];

const write = (table: readonly string[][], delimiter: string, lineEnd = '\n') =>
  table
    .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter) + lineEnd)
    .join('');

const unquoted = (table: readonly string[][]) =>
  table
    .map((row) =>
      row
        .map((cell) => (/[",\n]/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
        .join(','),
    )
    .join('\n');

const csv = write(rows, ',');

const partsOf = (value: string | undefined) => [{ type: 'text', text: { value, annotations: [] } }];

test.each<[name: string, content: string | Buffer]>([
  ['commas', csv],
  ['commas, and quotation marks only where they are needed', unquoted(rows)],
  ['semicolons', write(rows, ';')],
  ['semicolons that a first line names', `sep=;\n${write(rows, ';')}`],
  ['tabs', write(rows, '\t')],
  ['a byte order mark and CRLF', `\uFEFF${write(rows, ',', '\r\n')}`],
  ['UTF-16, as Excel writes it', Buffer.from(`\uFEFF${write(rows, '\t', '\r\n')}`, 'utf16le')],
  ['blank lines', `\n${csv.replace('"thread_2"', '\n,,,\n"thread_2"')}\n\n`],
  [
    'other names of the columns',
    csv.replace('"thread","role","content","created_at"', 'Thread ID,Sender,Message,Timestamp'),
  ],
  [
    'names in camel case',
    csv.replace('"thread","role","content","created_at"', 'threadId,role,text,createdAt'),
  ],
])('imports CSV with %s', async (_, content) => {
  const store = createStore();
  const { code, stderr } = await store.importText(content);
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/^Imported 2 threads and 3 messages from/u),
  ]);
  const { stdout } = await store.exportAll();
  const id = expect.stringMatching(/^msg_[0-9a-f]{24}$/u);
  expect(objectsIn(stdout)).toMatchObject([
    { id: 'thread_1', created_at: 1_790_000_000, metadata: {} },
    { id, role: 'user', created_at: 1_790_000_000, content: partsOf(rows[1]?.[2]) },
    { id, role: 'assistant', created_at: 1_790_000_004, content: partsOf('Snow.') },
    { id: 'thread_2', created_at: 1_790_000_010 },
    { id, role: 'user', content: partsOf("It's") },
  ]);
  const again = await store.importText(content);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("Duplicate 'id': 'msg_")]);
  const other = createStore();
  await other.importText(stdout);
  expect((await other.exportAll()).stdout).toBe(stdout);
});

test('imports a data frame of SDK objects, with ids, lists and metadata in its cells', async () => {
  const store = createStore();
  const python = `[{'type': 'text', 'text': {'value': "It's", 'annotations': []}}]`;
  const printed = `[TextContentBlock(text=Text(annotations=[], value='Hi'), type='text')]`;
  const json = JSON.stringify([{ type: 'text', text: { value: '[1]', annotations: [] } }]);
  const table = [
    [
      '',
      'id',
      'thread_id',
      'role',
      'content',
      'created_at',
      'metadata',
      'run_id',
      'file_ids',
      'object',
    ],
    ['0', 'msg_1', 't', 'user', python, '1714557600.0', '{}', 'nan', '[]', 'thread.message'],
    [
      '1',
      'msg_2',
      't',
      'assistant',
      printed,
      '1714557601.0',
      `{'a': 'b'}`,
      'run_1',
      `["file-1"]`,
      'thread.message',
    ],
    ['2', 'msg_3', 't', 'user', json, '2024-05-01 10:00:02', '', '', '', 'thread.message'],
    ['3', 'msg_4', 't', 'user', '[a] {"b"', '2024-05-01 10:00:03', '', '', '', 'thread.message'],
  ];
  expect(await store.importText(write(table, ','))).toMatchObject({ code: 0 });
  const texts = ["It's", 'Hi', '[1]', '[a] {"b"'];
  expect(objectsIn((await store.exportAll()).stdout).slice(1)).toMatchObject(
    texts.map((value, index) => ({
      id: `msg_${index + 1}`,
      created_at: 1_714_557_600 + index,
      content: [{ text: { value } }],
      run_id: index === 1 ? 'run_1' : null,
      metadata: index === 1 ? { a: 'b' } : {},
      attachments: index === 1 ? [{ file_id: 'file-1' }] : [],
    })),
  );
});

test('keeps other columns in the metadata, and names roles that it changes or drops', async () => {
  const store = createStore();
  const table = [
    ['Thread ID', 'Turn', 'Role', 'Message'],
    ['thread_1', '1', 'System', 'Be brief.'],
    ['thread_1', '2', 'Human', 'Hello'],
    ['thread_1', '3', 'AI', 'x'.repeat(600)],
  ];
  const { stderr } = await store.importText(
    write([...table, ['thread_1', 'y'.repeat(600), 'user', 'Bye']], ','),
  );
  expect(stderr.split('\n')).toEqual([
    'Imported 1 thread and 3 messages from in.jsonl.',
    "  Dropped: message of role 'system' and type 'message' (in.jsonl:2: row 2, column 'Role').",
    "  Changed: role 'Human' is now 'user' (in.jsonl:3: row 3, column 'Role').",
    "  Added: 'id' of a message (3 times, first in.jsonl:3: row 3).",
    "  Added: 'created_at', from the time of this import (3 times, first in.jsonl:3: row 3).",
    "  Kept: field 'Turn' of a message in its 'metadata' (2 times, first in.jsonl:3: row 3, column 'Turn').",
    "  Changed: role 'AI' is now 'assistant' (in.jsonl:4: row 4, column 'Role').",
    "  Dropped: field 'Turn' of a message (in.jsonl:5: row 5, column 'Turn').",
    "  Added: thread that the file only names (in.jsonl:3: row 3, column 'Thread ID').",
    '',
  ]);
  expect(objectsIn((await store.exportAll()).stdout).map(({ metadata }) => metadata)).toEqual([
    {},
    { Turn: '2' },
    { Turn: '3' },
    {},
  ]);
});

const header = 'thread_id,role,content,created_at\n';

test.each([
  [
    'an unknown role',
    't,robot,Hi,1\n',
    "in.jsonl:3: row 3, column 'role': role: Invalid value: 'robot'. Supported values are: 'user' and 'assistant'.",
  ],
  ['no role', 't,,Hi,1\n', "in.jsonl:3: row 3, column 'role': Missing required parameter: 'role'."],
  [
    'no thread',
    ',user,Hi,1\n',
    "in.jsonl:3: row 3, column 'thread_id': Missing required parameter: 'thread_id'.",
  ],
  [
    'a time that is none, after a text of two lines',
    't,user,"a\nb",yesterday\n',
    "in.jsonl:4: row 3, column 'created_at': Invalid type for 'created_at': expected an integer, but got a string instead.",
  ],
  ['too few values', 't,user\n', 'in.jsonl:3: row 3: The row has 2 values, but the header has 4.'],
  [
    'too many values',
    't,user,a,b,c\n',
    'in.jsonl:3: row 3: The row has 5 values, but the header has 4.',
  ],
  [
    'an open quotation mark',
    't,user,"a,1\n',
    "in.jsonl:3: row 3, column 'content': Invalid CSV: a quoted value does not end.",
  ],
  [
    'text after a quotation mark',
    't,user,"a"b,1\n',
    "in.jsonl:3: row 3, column 'content': Invalid CSV: text follows the quotation mark that ends a value.",
  ],
])('rejects a file with a row with %s', async (_, row, sentence) => {
  const store = createStore();
  const { code, stderr } = await store.importText(`${header}t,user,Hi,1\n${row}t,user,Hi,1\n`);
  expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  expect(stderr).toMatch(/\nNothing of it was imported\.\n$/u);
  expect((await store.exportAll()).stdout).toBe('');
});

test('rejects a header without a column that messages need', async () => {
  const store = createStore();
  const { stderr } = await store.importText('role,content,created_at\nuser,Hi,1\n');
  expect(stderr).toContain("in.jsonl:1: The header has no column for 'thread_id'.\n");
});
