import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
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
import { createRun, readMessages, readRun, submitOutputs } from '../../support/conversation.ts';
import { createStore, objectsIn, toLines } from '../../support/transfer.ts';

const everything = [assistant, thread, question, reply, completedRun, toolStep];

test('rejects the whole file if an id exists', async () => {
  const store = createStore();
  await store.importObjects([thread]);
  const { code, stderr } = await store.importText(toLines([assistant, thread]));
  expect([code, stderr]).toEqual([
    1,
    `in.jsonl:2: Duplicate 'id': '${ids.thread}' already exists in the database; use --replace to overwrite it.\nNothing of it was imported.\n`,
  ]);
  expect(objectsIn((await store.exportAll()).stdout)).toHaveLength(1);
});

test('--replace overwrites an object, keeps its position and its children', async () => {
  const store = createStore();
  const later = { ...question, id: 'msg_2' };
  await store.importObjects([...everything, later]);
  const metadata = { seen: 'yes' };
  const changed = [thread, question, completedRun, assistant].map((object) => ({
    ...object,
    metadata,
  }));
  await store.importObjects(changed, { replace: true });
  const exported = objectsIn((await store.exportAll()).stdout);
  expect(exported.map(({ id, metadata: seen }) => [id, seen])).toEqual([
    [ids.assistant, metadata],
    [ids.thread, metadata],
    [ids.question, metadata],
    ['msg_2', {}],
    [ids.reply, {}],
    [ids.run, metadata],
    [ids.toolStep, {}],
  ]);
});

test('importing the same file twice with --replace changes nothing', async () => {
  const store = createStore();
  await store.importObjects([...everything, ...everything], { replace: true });
  const { stdout } = await store.exportAll();
  expect(await store.importText(stdout, { replace: true })).toMatchObject({ code: 0 });
  expect((await store.exportAll()).stdout).toBe(stdout);
});

test('rejects a replacement with another parent', async () => {
  const store = createStore();
  const other = { ...thread, id: 'thread_2' };
  const second = { ...completedRun, id: 'run_2' };
  await store.importObjects([...everything, other, second]);
  const moved = [
    [{ ...question, thread_id: 'thread_2' }, `'thread_id': '${ids.question}' belongs to thread`],
    [{ ...completedRun, thread_id: 'thread_2' }, `'thread_id': '${ids.run}' belongs to thread`],
    [{ ...toolStep, run_id: 'run_2' }, `'run_id': '${ids.toolStep}' belongs to run '${ids.run}'.`],
  ] as const;
  for (const [object, sentence] of moved) {
    const { code, stderr } = await store.importText(toLines([object]), { replace: true });
    expect([code, stderr]).toEqual([1, expect.stringContaining(`in.jsonl:1: Invalid ${sentence}`)]);
  }
});

test('rejects replacing anything of a thread with an active run', async () => {
  const store = createStore();
  const harness = await setup({ database: store.database });
  const { run, thread_id } = await createRun(harness);
  const [message] = await readMessages(harness, thread_id);
  for (const object of [{ ...thread, id: thread_id }, { ...message, id: message?.id }, run]) {
    const { code, stderr } = await store.importText(toLines([object]), { replace: true });
    expect([code, stderr]).toEqual([
      1,
      `in.jsonl:1: Cannot replace '${object.id}': thread '${thread_id}' has an active run '${run.id}'. Cancel the run or wait until it ends.\nNothing of it was imported.\n`,
    ]);
  }
  expect(await readRun(harness, run)).toEqual(run);
});

test('a replaced run continues from its own turns only', async () => {
  const store = createStore();
  await store.importObjects([assistant, thread, question, completedRun, openToolStep]);
  await store.importObjects([waitingRun, waitingRun], { replace: true });
  const harness = await setup({ database: store.database });
  harness.upstream.respondWith({});
  const run = await readRun(harness, { id: ids.run, thread_id: ids.thread });
  await submitOutputs(harness, run);
  await harness.runToEnd();
  expect(harness.upstream.sent().input).toHaveLength(3);
  expect((await readRun(harness, run)).status).toBe('completed');
});
