import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  activeRun,
  assistant,
  completedRun,
  ids,
  openToolStep,
  question,
  reply,
  thread,
  toolStep,
} from '../../support/examples.ts';
import { createStore, objectsIn, toLines } from '../../support/transfer.ts';

const everything = [assistant, thread, question, reply, completedRun, toolStep];

test('--dry-run says what each file has, and creates no database', async () => {
  const store = createStore();
  const files = [[assistant], [question, reply], [thread, completedRun, toolStep]];
  const { code, stderr } = await store.importAll(files, { dryRun: true });
  expect([code, stderr]).toEqual([
    0,
    'Would import 1 assistant from 0.jsonl.\n' +
      'Would import 1 thread and 2 messages from 1.jsonl.\n' +
      '  Added: thread that the file only names (1.jsonl:1).\n' +
      'Would import 1 thread, 1 run and 1 run step from 2.jsonl.\n',
  ]);
  expect(existsSync(store.database)).toBe(false);
});

test('--dry-run compares with the database, and changes nothing in it', async () => {
  const store = createStore();
  await store.importObjects([thread, question]);
  const before = (await store.exportAll()).stdout;
  const bytes = readFileSync(store.database);
  const changed = toLines([{ ...thread, metadata: { a: 'b' } }, reply, completedRun]);
  const replaced = await store.importText(changed, { dryRun: true, replace: true });
  expect([replaced.code, replaced.stderr]).toEqual([
    0,
    'Would import 1 thread, 1 message and 1 run from in.jsonl.\n',
  ]);
  const { code, stderr } = await store.importText(changed, { dryRun: true });
  expect([code, stderr]).toEqual([
    1,
    `in.jsonl:1: Duplicate 'id': '${ids.thread}' already exists in the database; use --replace to overwrite it.\nThe import would fail.\n`,
  ]);
  expect((await store.exportAll()).stdout).toBe(before);
  expect(readFileSync(store.database).equals(bytes)).toBe(true);
});

test('a dry run and the import say the same, but for one word', async () => {
  const file = [
    { ...assistant, tools: [{ type: 'bing_grounding' }, { type: 'file_search' }], owner: 'me' },
    ...everything.slice(1),
  ];
  const store = createStore();
  const dry = await store.importText(toLines(file), { dryRun: true });
  const { stderr } = await store.importText(toLines(file));
  expect(dry.stderr.replace('Would import', 'Imported')).toBe(stderr);
});

const deep = { nested: { a: 1 } };
const foreignCall = {
  id: 'call_1',
  type: 'bing_grounding',
  bing_grounding: { requesturl: 'https://a.example' },
};

test.each<[name: string, object: object, sentence: string]>([
  [
    'a short unknown field',
    { ...thread, owner: 'me' },
    "Kept: field 'owner' of a thread in its 'metadata'",
  ],
  ['a nested unknown field', { ...thread, deep }, "Dropped: field 'deep' of a thread"],
  [
    'a long unknown field',
    { ...thread, note: 'x'.repeat(513) },
    "Dropped: field 'note' of a thread",
  ],
  [
    'an unknown field beside sixteen pairs of metadata',
    {
      ...thread,
      owner: 'me',
      metadata: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v'])),
    },
    "Dropped: field 'owner' of a thread",
  ],
  [
    'the files of version v1 that are too many for the metadata',
    {
      ...assistant,
      tools: [{ type: 'retrieval' }],
      file_ids: Array.from({ length: 20 }, (_, index) => `file-${'x'.repeat(24)}${index}`),
    },
    "Dropped: 'file_ids' of an assistant for 'file_search'; add the files to a vector store and name it in 'tool_resources.file_search'",
  ],
  [
    'an unknown field that the metadata has',
    { ...thread, a: 'b', metadata: { a: 'c' } },
    "Dropped: field 'a' of a thread",
  ],
  [
    'the metadata of a step',
    { ...toolStep, metadata: { a: 'b' } },
    "Dropped: field 'metadata' of a run step",
  ],
  [
    'a tool of another service',
    { ...assistant, tools: [{ type: 'bing_grounding', bing_grounding: deep }] },
    "Dropped: tool of type 'bing_grounding'",
  ],
  [
    'resources of another service',
    { ...assistant, tool_resources: { azure_ai_search: { indexes: [] } } },
    "Dropped: 'tool_resources.azure_ai_search'",
  ],
  [
    'a choice of a tool of another service',
    { ...completedRun, tool_choice: { type: 'bing_grounding' } },
    "Dropped: 'tool_choice' of type 'bing_grounding'",
  ],
  [
    'a call of a tool of another service',
    { ...toolStep, step_details: { type: 'tool_calls', tool_calls: [foreignCall] } },
    "Changed: call of tool 'bing_grounding' is now a call of a function",
  ],
  [
    'an attachment for a tool of another service',
    { ...question, attachments: [{ file_id: 'file-1', tools: [{ type: 'browser' }] }] },
    "Dropped: tool of type 'browser' of an attachment",
  ],
  [
    'an annotation without a type',
    { ...question, content: [{ type: 'text', text: { value: 'a', annotations: ['b'] } }] },
    'Dropped: annotation without a type',
  ],
  [
    'a time in milliseconds',
    { ...thread, created_at: 1_790_000_000_000 },
    "Changed: 'created_at' is now in Unix seconds",
  ],
  [
    'a message in progress',
    { ...reply, status: 'in_progress' },
    "Changed: status 'in_progress' of a message is now 'incomplete'",
  ],
  [
    'a run in progress',
    activeRun('in_progress'),
    "Changed: status 'in_progress' of a run is now 'failed'",
  ],
  [
    'a list that continues',
    { object: 'list', data: [thread], has_more: true },
    "Missing: the rest of a list, whose 'has_more' is true",
  ],
  [
    'a field beside a list',
    { threads: [thread], files: [{ id: 'file-1' }] },
    "Dropped: field 'files' beside the objects",
  ],
  [
    'a run without its model',
    { thread_id: ids.thread, runs: [{ id: 'run_1', status: 'completed' }] },
    "Dropped: run without 'assistant_id' or 'model'",
  ],
])('names %s', async (_, object, sentence) => {
  const others = everything.filter(({ id }) => !JSON.stringify(object).includes(`"id":"${id}"`));
  const store = createStore();
  const { code, stderr } = await store.importText(toLines([object, ...others]));
  expect([code, stderr]).toEqual([0, expect.stringContaining(`\n  ${sentence} (in.jsonl:1`)]);
});

test('keeps the details of a foreign call as the arguments of a function', async () => {
  const store = createStore();
  const step_details = { type: 'tool_calls', tool_calls: [foreignCall] };
  await store.importObjects([thread, completedRun, { ...toolStep, step_details }]);
  const { id, type: name, ...details } = foreignCall;
  const call = { name, arguments: JSON.stringify(details), output: null };
  expect(objectsIn((await store.exportAll()).stdout)[2]).toMatchObject({
    step_details: { tool_calls: [{ id, type: 'function', function: call }] },
  });
});

test('says nothing of fields that are empty, or that other fields repeat', async () => {
  const store = createStore();
  const { stderr } = await store.importText(
    toLines([
      { ...assistant, file_ids: [], tool_resources: { azure_ai_search: null } },
      { ...thread, thread_id: thread.id, title: null },
      { ...question, message_id: question.id, file_ids: [], tags: [] },
      { ...completedRun, retried_error: null },
      { ...openToolStep, metadata: {} },
    ]),
  );
  expect(stderr).toBe(
    'Imported 1 assistant, 1 thread, 1 message, 1 run and 1 run step from in.jsonl.\n',
  );
});

test('counts equal changes, and more than two hundred different ones together', async () => {
  const store = createStore();
  const threads = Array.from({ length: 250 }, (_, index) => ({
    ...thread,
    id: `thread_${index}`,
    owner: 'me',
    [`list${index}`]: [1],
  }));
  const { stderr } = await store.importText(toLines(threads));
  const lines = stderr.split('\n');
  expect(lines).toHaveLength(203);
  expect(lines[1]).toBe(
    "  Kept: field 'owner' of a thread in its 'metadata' (250 times, first in.jsonl:1).",
  );
  expect(lines.at(-2)).toBe('  51 other changes.');
});

const nested = {
  exported_at: '2026-08-01',
  threads: [
    {
      thread,
      messages: {
        data: [question, { ...reply, content: [{ type: 'text', text: 'a' }, { type: 'audio' }] }],
      },
      runs: [
        { ...completedRun, usage: { prompt_tokens: 1, completion_tokens: '2', total_tokens: 3 } },
      ],
    },
  ],
};

test('an error in a document of many lines names the line of the field and the path of its object', async () => {
  const store = createStore();
  const text = JSON.stringify(nested, null, 2);
  const lines = text.split('\n');
  const lineOf = (part: string) => lines.findIndex((line) => line.includes(part)) + 1;
  const audio = await store.importText(text);
  expect(audio.stderr).toBe(
    `in.jsonl:${lineOf('"audio"')}: threads[0].messages.data[1]: content[1].type: Invalid value: 'audio'. Supported values are: 'text', 'image_url', 'image_file', and 'refusal'.\nNothing of it was imported.\n`,
  );
  const usage = await store.importText(text.replace('"audio"', '"refusal", "refusal": "No."'));
  expect(usage.stderr).toBe(
    `in.jsonl:${lineOf('"completion_tokens"')}: threads[0].runs[0]: Invalid type for 'usage.completion_tokens': expected an integer, but got a string instead.\nNothing of it was imported.\n`,
  );
});

test('an error names the line of a field under the name that the file has for it', async () => {
  const store = createStore();
  const text = JSON.stringify(
    [{ threadId: 'thread_1', sender: 'user', text: 'a', sentAt: 'soon' }],
    null,
    1,
  );
  const { stderr } = await store.importText(text);
  expect(stderr).toContain("in.jsonl:6: [0]: Invalid type for 'created_at': expected an integer");
});

test('an error in printed Python objects names the line', async () => {
  const store = createStore();
  const text = [
    `Thread(id='thread_1', created_at=1, object='thread')`,
    `[Message(id='msg_1', created_at=2, thread_id='thread_1',`,
    `  role='user', content=[TextContentBlock(text=Text(value='a`,
    `b'), type='text'), Audio(`,
    `    type='audio')], object='thread.message')]`,
  ];
  const invalid = await store.importText(text.join('\n'));
  expect(invalid.stderr).toContain("in.jsonl:5: [0]: content[1].type: Invalid value: 'audio'.");
  const broken = await store.importText([...text, 'Thread(id=?)'].join('\n'));
  expect(broken.stderr).toContain("in.jsonl:6: Invalid Python text: unexpected '?)'.");
});

test('a line end of a gzip file or of stdin counts like any other', async () => {
  const store = createStore();
  const { stderr } = await store.importFiles(['-'], {
    stdin: toLines([thread, { ...question, role: 'robot' }]),
  });
  expect(stderr).toContain("stdin:2: role: Invalid value: 'robot'.");
});

test('a file after one that would fail is not read by a dry run', async () => {
  const store = createStore();
  const file = join(dirname(store.database), 'bad.json');
  writeFileSync(file, '{');
  const { code, stderr } = await store.importFiles([file, 'nowhere.json'], { dryRun: true });
  expect([code, stderr]).toEqual([
    1,
    `${file}:1: Invalid JSON: the value that begins here does not end.\nThe import would fail.\n`,
  ]);
});
