import { describe, expect, test } from 'vitest';
import {
  assistant,
  completedRun,
  ids,
  openToolStep,
  question,
  reply,
  thread,
  toolStep,
  waitingRun,
} from '../../support/examples.ts';
import { createStore, toLines } from '../../support/transfer.ts';

const { id: _, ...withoutId } = thread;
const { role, ...withoutRole } = question;
const { step_details, ...withoutDetails } = toolStep;
const pairs = Object.fromEntries(Array.from({ length: 17 }, (__, index) => [`k${index}`, 'v']));
const part = (value: unknown) => ({ ...question, content: [value] });
const text = (value: unknown) => part({ type: 'text', text: value });
const precedingObjects = [assistant, thread, completedRun];
const kinds =
  "Supported values are: 'assistant', 'thread', 'thread.message', 'thread.run', and 'thread.run.step'.";

/** The fourth line of a file, and the error for it. */
const invalidLines: [line: unknown, sentence: string][] = [
  ['a thread', 'Invalid type: expected an object, but got a string instead.'],
  [null, 'Invalid type: expected an object, but got null instead.'],
  [{}, "Missing required parameter: 'object'."],
  [{ object: 'batch' }, `object: Invalid value: 'batch'. ${kinds}`],
  [{ object: 7 }, "Invalid type for 'object': expected a string, but got an integer instead."],
  [withoutId, "Missing required parameter: 'id'."],
  [
    { ...thread, id: '' },
    "Invalid 'id': empty string. Expected a string with minimum length 1, but got an empty string instead.",
  ],
  [
    { ...thread, id: '..' },
    String.raw`Invalid 'id': string does not match pattern. Expected a string that matches the pattern '^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]+$'.`,
  ],
  [
    { ...thread, id: 'a\u0000b' },
    String.raw`Invalid 'id': string does not match pattern. Expected a string that matches the pattern '^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]+$'.`,
  ],
  [
    { ...thread, created_at: 'yesterday' },
    "Invalid type for 'created_at': expected an integer, but got a string instead.",
  ],
  [
    { ...thread, created_at: -1 },
    "Invalid 'created_at': integer below minimum value. Expected a value >= 0, but got -1 instead.",
  ],
  [
    { ...thread, metadata: { key: 1 } },
    "Invalid type for 'metadata.key': expected a string, but got an integer instead.",
  ],
  [
    { ...thread, metadata: 'a text', owner: 'me' },
    "Invalid type for 'metadata': expected an object, but got a string instead.",
  ],
  [
    { ...thread, metadata: pairs },
    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.",
  ],
  [
    { ...thread, tool_resources: { code_interpreter: { file_ids: 'file-1' } } },
    "Invalid type for 'tool_resources.code_interpreter.file_ids': expected an array, but got a string instead.",
  ],
  [
    { ...assistant, id: 'asst_2', model: null },
    "Invalid type for 'model': expected a string, but got null instead.",
  ],
  [
    { ...assistant, id: 'asst_2', tools: [{ type: 'function', function: {} }] },
    "Missing required parameter: 'tools[0].function.name'.",
  ],
  [withoutRole, "Missing required parameter: 'role'."],
  [
    { ...question, role: 'robot' },
    "role: Invalid value: 'robot'. Supported values are: 'user' and 'assistant'.",
  ],
  [
    { ...question, content: 7 },
    "Invalid type for 'content': expected an array, but got an integer instead.",
  ],
  [text(7), "Invalid type for 'content[0].text': expected an object, but got an integer instead."],
  [
    text({ value: null }),
    "Invalid type for 'content[0].text.value': expected a string, but got null instead.",
  ],
  [
    text({
      value: 'Hello',
      annotations: [{ type: 'file_path', text: 'e', start_index: 1, end_index: 2 }],
    }),
    "Missing required parameter: 'content[0].text.annotations[0].file_path'.",
  ],
  [
    part({ type: 'audio' }),
    "content[0].type: Invalid value: 'audio'. Supported values are: 'text', 'image_url', 'image_file', and 'refusal'.",
  ],
  [
    part({ type: 'image_url', image_url: {} }),
    "Missing required parameter: 'content[0].image_url.url'.",
  ],
  [
    { ...question, status: 'done' },
    "status: Invalid value: 'done'. Supported values are: 'in_progress', 'incomplete', and 'completed'.",
  ],
  [
    { ...completedRun, id: 'run_2', status: 'sleeping' },
    "status: Invalid value: 'sleeping'. Supported values are: 'queued', 'in_progress', 'requires_action', 'cancelling', 'cancelled', 'failed', 'completed', 'incomplete', and 'expired'.",
  ],
  [
    { ...waitingRun, id: 'run_2', required_action: null },
    "Missing required parameter: 'required_action'.",
  ],
  [
    { ...completedRun, id: 'run_2', usage: {} },
    "Missing required parameter: 'usage.prompt_tokens'.",
  ],
  [withoutDetails, "Missing required parameter: 'step_details'."],
  [
    { ...toolStep, run_id: 'run_2' },
    "Invalid 'run_id': no run found with id 'run_2', neither in this file nor in the database.",
  ],
  [thread, `Duplicate 'id': '${ids.thread}' appears twice in this file.`],
];

describe('rejects a file with an invalid fourth line', () => {
  test.each(invalidLines.map(([line, sentence]) => [sentence, line]))(
    '%s',
    async (sentence, line) => {
      expect([role, step_details.type]).toEqual(['user', 'tool_calls']);
      const store = createStore();
      const content = `${toLines(precedingObjects)}${JSON.stringify(line)}\n${JSON.stringify(reply)}\n`;
      const { code, stderr } = await store.importText(content);
      expect([code, stderr]).toEqual([1, `in.jsonl:4: ${sentence}\nNothing of it was imported.\n`]);
      expect((await store.exportAll()).stdout).toBe('');
    },
  );
});

test('names the line, index and field of an invalid element of a document', async () => {
  const store = createStore();
  const list = {
    object: 'list',
    data: [thread, { ...question, metadata: 'a "quoted\\" [{' }, thread],
  };
  const flat = await store.importText(JSON.stringify(list));
  expect(flat.stderr).toContain(
    "in.jsonl:1: data[1]: Invalid type for 'metadata': expected an object",
  );
  const pretty = JSON.stringify(list, null, 2);
  const line = pretty.split('\n').findIndex((each) => each.includes('quoted'));
  const { stderr } = await store.importText(`\n\n${pretty}`);
  expect(stderr).toContain(`in.jsonl:${line + 3}: data[1]: Invalid type for 'metadata': `);
  const twice = await store.importText(JSON.stringify([thread, thread], null, 2));
  expect(twice.stderr).toContain(`in.jsonl:10: [1]: Duplicate 'id': '${ids.thread}' appears twice`);
});

test('names the first of several missing runs', async () => {
  const store = createStore();
  const { stderr } = await store.importText(
    toLines([question, toolStep, { ...toolStep, id: 'step_2', run_id: 'run_2' }]),
  );
  expect(stderr).toBe(
    `in.jsonl:2: Invalid 'run_id': no run found with id '${ids.run}', neither in this file nor in the database.\nNothing of it was imported.\n`,
  );
});

test('rejects a second active run on a thread, and a step in another thread than its run', async () => {
  const store = createStore();
  await store.importObjects([thread, { ...thread, id: 'thread_2' }, waitingRun]);
  const second = await store.importText(toLines([{ ...waitingRun, id: 'run_2' }]));
  expect(second.stderr).toContain(
    `in.jsonl:1: Invalid 'status': thread '${ids.thread}' already has an active run '${ids.run}'.`,
  );
  const misplaced = await store.importText(toLines([{ ...openToolStep, thread_id: 'thread_2' }]));
  expect(misplaced.stderr).toContain(
    `in.jsonl:1: Invalid 'thread_id': run '${ids.run}' belongs to thread '${ids.thread}'.`,
  );
});
