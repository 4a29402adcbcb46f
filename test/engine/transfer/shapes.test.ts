import { expect, test } from 'vitest';
import { createRun, readRun, submitOutputs } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import {
  assistant,
  completedRun,
  ids,
  messageStep,
  question,
  reply,
  thread,
  toolStep,
} from '../../support/examples.ts';
import { allObjects, type Dump, messageShapes, wholeShapes } from '../../support/import-shapes.ts';
import { createStore, objectsIn, toLines } from '../../support/transfer.ts';
import { codeCall, functionCall, textMessage } from '../../support/upstream-items.ts';

const later = thread.created_at + 1;
const second = { ...thread, id: 'thread_2', created_at: later, metadata: { user: "O'Hara" } };
const moment = { ...reply, id: 'msg_2', created_at: reply.created_at };

/** Two threads; the first has two messages of one second. */
const dump: Dump = {
  assistants: [assistant],
  threads: [thread, second],
  messages: [
    question,
    reply,
    moment,
    {
      ...question,
      id: 'msg_3',
      created_at: later,
      thread_id: second.id,
      metadata: { note: '"quoted"\n' },
    },
  ],
  runs: [completedRun],
  steps: [toolStep, messageStep],
};

/** What a new database exports after an import of this text. */
async function exportAfter(text: string | Buffer): Promise<string> {
  const store = createStore();
  const { code, stderr } = await store.importText(text);
  expect([code, stderr]).toEqual([0, expect.stringContaining('Imported ')]);
  const again = await store.importText(text);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("Duplicate 'id'")]);
  return (await store.exportAll()).stdout;
}

test.each(Object.entries(wholeShapes))('imports %s as the API has it', async (_, write) => {
  const expected = await exportAfter(toLines(allObjects(dump)));
  const exported = await exportAfter(write(dump));
  expect(objectsIn(exported)).toEqual(objectsIn(expected));
  expect(await exportAfter(exported)).toBe(exported);
});

test.each(Object.entries(messageShapes))('imports %s, and makes the threads', async (_, write) => {
  const { messages } = dump;
  const made = [thread, { ...second, metadata: {} }];
  const expected = await exportAfter(toLines([...made, ...messages]));
  const exported = await exportAfter(write(messages));
  expect(objectsIn(exported)).toEqual(objectsIn(expected));
  expect(await exportAfter(exported)).toBe(exported);
});

test('imports what the SDK wrote as JSON, page by page, as it was', async () => {
  const source = createStore();
  const harness = await setup({ database: source.database });
  const { beta } = harness.openai;
  harness.upstream.respondWith(
    {
      output: [
        codeCall('print(1)', [{ type: 'logs', logs: '1' }]),
        functionCall('get_weather', {}),
      ],
    },
    { output: [textMessage('Snow.')] },
  );
  const { run, thread_id } = await createRun(harness);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  const saved = [
    await beta.assistants.list(),
    await beta.threads.retrieve(thread_id),
    await beta.threads.messages.list(thread_id),
    await beta.threads.runs.list(thread_id),
    await beta.threads.runs.steps.list(run.id, { thread_id }),
  ];
  const expected = (await source.exportAll()).stdout;
  expect(expected).toContain('Snow.');
  for (const indent of [0, 2]) {
    const text = saved.map((value) => `${JSON.stringify(value, null, indent)}\n`).join('');
    expect(objectsIn(await exportAfter(text))).toEqual(objectsIn(expected));
  }
});

test('imports an assistant, a message and a run of version v1 with what became of their fields', async () => {
  const store = createStore();
  const v1 = {
    assistant: {
      id: ids.assistant,
      object: 'assistant',
      created_at: 1,
      model: 'gpt-4',
      tools: [{ type: 'retrieval' }, { type: 'code_interpreter' }],
      file_ids: ['file-1', 'file-2'],
    },
    thread: { id: ids.thread, object: 'thread', created_at: 2 },
    messages: [{ ...question, attachments: undefined, file_ids: ['file-3'] }],
    runs: [{ ...completedRun, tools: [{ type: 'retrieval' }], tool_choice: { type: 'retrieval' } }],
    steps: [
      {
        ...toolStep,
        step_details: {
          type: 'tool_calls',
          tool_calls: [{ id: 'call_1', type: 'retrieval', retrieval: {} }],
        },
      },
    ],
  };
  const { stderr } = await store.importText(JSON.stringify(v1, null, 2));
  expect(stderr.split('\n')).toEqual([
    'Imported 1 assistant, 1 thread, 1 message, 1 run and 1 run step from in.jsonl.',
    "  Changed: 'file_ids' of an assistant are now in 'tool_resources.code_interpreter' (in.jsonl:15: assistant).",
    "  Kept: 'file_ids' of an assistant for 'file_search' in 'metadata'; add the files to a vector store and name it in 'tool_resources.file_search' (in.jsonl:15: assistant).",
    "  Changed: tool 'retrieval' is now 'file_search' (3 times, first in.jsonl:7: assistant).",
    "  Changed: 'file_ids' of a message are now 'attachments' (in.jsonl:44: messages[0]).",
    '',
  ]);
  const [v2Assistant, , message, run, step] = objectsIn((await store.exportAll()).stdout);
  expect(v2Assistant).toMatchObject({
    tools: [{ type: 'file_search' }, { type: 'code_interpreter' }],
    tool_resources: { code_interpreter: { file_ids: ['file-1', 'file-2'] } },
    metadata: { file_ids: 'file-1,file-2' },
  });
  const tools = [{ type: 'code_interpreter' }, { type: 'file_search' }];
  expect(message).toMatchObject({ attachments: [{ file_id: 'file-3', tools }] });
  expect(run).toMatchObject({
    tools: [{ type: 'file_search' }],
    tool_choice: { type: 'file_search' },
  });
  expect(step?.['step_details']).toEqual({
    type: 'tool_calls',
    tool_calls: [{ id: 'call_1', type: 'file_search', file_search: {} }],
  });
});

test('keeps the order of messages of one second in files with the newest first', async () => {
  const messages = ['a', 'b', 'c', 'd'].map((id, index) => ({
    ...question,
    id,
    created_at: 100 + (index === 3 ? 1 : 0),
  }));
  for (const objects of [messages, messages.toReversed()]) {
    const store = createStore();
    await store.importObjects([thread, ...objects]);
    expect(objectsIn((await store.exportAll()).stdout).map(({ id }) => id)).toEqual([
      thread.id,
      'a',
      'b',
      'c',
      'd',
    ]);
  }
});

test('a thread in a later file takes the place of one that was made for messages', async () => {
  const store = createStore();
  const outcome = await store.importAll([[question], [{ ...thread, metadata: { a: 'b' } }]]);
  expect(outcome.code).toBe(0);
  expect(objectsIn((await store.exportAll()).stdout)).toMatchObject([
    { id: thread.id, metadata: { a: 'b' } },
    { id: question.id },
  ]);
});
