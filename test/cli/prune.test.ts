import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/shared/clock.ts';
import { openDatabase } from '../../src/engine/store/open.ts';
import { runPrune } from '../../src/cli/commands/prune.ts';
import { start, eventLoopTurn } from '../support/clock.ts';
import { setup, type Harness } from '../support/engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { addMessage, addThread } from '../support/store-rows.ts';
import { createAssistant, createRun, createThread, readRun } from '../support/conversation.ts';
import { openTerminal, outcomeOf } from '../support/transfer.ts';
import { generatedFileCitation, codeCall, textMessage } from '../support/upstream-items.ts';

const day = 86_400;

interface Input {
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly pruneFiles?: boolean;
  readonly isTTY?: boolean;
  readonly interrupted?: Promise<void>;
  /** Called in each pause between two batches. */
  readonly onPause?: () => Promise<void>;
}

/** Runs `prune` a number of days after the start of the engine's clock. */
function prune(database: string, days: number, input: Input = {}) {
  const { olderThan = day, onPause = () => eventLoopTurn(), ...rest } = input;
  const { dryRun = false, pruneFiles = false, ...streams } = rest;
  const clock: Clock = { now: () => start + days * day * 1000, sleep: onPause };
  const terminal = openTerminal(streams);
  return outcomeOf(
    terminal,
    runPrune(terminal, { database, olderThan, dryRun, pruneFiles, clock }),
  );
}

async function fill(database: string, threads: number, created_at = start / 1000): Promise<void> {
  const db = await openDatabase(database);
  await db.transaction().execute(async (transaction) => {
    for (let index = 0; index < threads; index += 1) {
      const thread_id = `thread_${index}`;
      await addThread(transaction, thread_id, created_at);
      await addMessage(transaction, `msg_${index}`, { thread_id, created_at });
    }
  });
  await db.destroy();
}

const threadsIn = async ({ openai }: Harness): Promise<string[]> => {
  const { data } = await openai.get<{ data: { id: string }[] }>('/threads?limit=100');
  return data.map(({ id }) => id);
};

test('deletes inactive threads with their messages and runs, and keeps assistants and active runs', async () => {
  const database = temporary();
  const harness = await setup({ database });
  harness.upstream.respondWith({});
  const ended = await createRun(harness);
  await harness.runToEnd();
  const waiting = await createRun(harness);
  await harness.openai.beta.threads.create();
  expect(await prune(database, 1)).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Deleted 2 threads, 2 messages and 1 run.\n',
  });
  expect(await threadsIn(harness)).toEqual([waiting.thread_id]);
  expect((await readRun(harness, waiting.run)).status).toBe('queued');
  expect((await harness.openai.beta.assistants.retrieve(ended.assistant_id)).id).toBe(
    ended.assistant_id,
  );
  expect((await prune(database, 1)).stderr).toBe('Deleted nothing.\n');
});

test('deletes local copies of generated files once they are old and their thread is deleted', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const generated: { thread_id: string; file_id: string }[] = [];
  for (const name of ['inactive.csv', 'deleted.csv', 'active.csv']) {
    harness.storage.containers.set('cntr_first', new Map([[`cfile_${name}`, new Blob([name])]]));
    harness.upstream.respondWith({
      output: [codeCall('save()'), textMessage('See.', [generatedFileCitation(name)])],
    });
    const { thread_id } = await createRun(harness, {}, { tools: [{ type: 'code_interpreter' }] });
    await harness.runToEnd();
    generated.push({ thread_id, file_id: [...harness.storage.files.keys()].at(-1) ?? '' });
  }
  const [inactive, deleted, active] = generated;
  await harness.openai.beta.threads.delete(deleted?.thread_id ?? '');
  const { id: assistant_id } = await createAssistant(harness);
  await harness.openai.beta.threads.runs.create(active?.thread_id ?? '', { assistant_id });
  const hasCopies = async () => {
    const files = await Promise.all(
      generated.map(({ file_id }) => harness.openai.files.retrieve(file_id)),
    );
    return files.map(({ purpose }) => purpose === 'assistants_output');
  };
  expect((await prune(database, 0)).stderr).toBe('Deleted nothing.\n');
  expect(await hasCopies()).toEqual([true, true, true]);
  const counts = '1 thread, 2 messages, 1 run and 2 files.\n';
  for (const pruneFiles of [false, true]) {
    const { stderr } = await prune(database, 1, { dryRun: true, pruneFiles });
    expect(stderr).toBe(`Would delete ${counts}`);
  }
  expect((await prune(database, 1)).stderr).toBe(`Deleted ${counts}`);
  expect(await hasCopies()).toEqual([false, false, true]);
  expect(harness.storage.files.has(inactive?.file_id ?? '')).toBe(true);
});

test('--dry-run prints what would be deleted and deletes nothing', async () => {
  const database = temporary();
  const harness = await setup({ database });
  await createThread(harness);
  const dryRun = { dryRun: true };
  expect((await prune(database, 1, dryRun)).stderr).toBe('Would delete 1 thread and 1 message.\n');
  expect((await prune(database, 0, dryRun)).stderr).toBe('Would delete nothing.\n');
  expect(await threadsIn(harness)).toHaveLength(1);
});

test('keeps a thread that becomes active between two batches', async () => {
  const database = temporary();
  await fill(database, 350);
  const harness = await setup({ database, oldIds: true });
  const { id: assistant_id } = await createAssistant(harness);
  await harness.clock.advance(10 * day * 1000);
  const newThreads: string[] = [];
  const onPause = async () => {
    const { thread_id } = await harness.openai.beta.threads.createAndRun({ assistant_id });
    // The last thread to delete becomes active while the first ones are deleted.
    await harness.openai.beta.threads.messages.create('thread_349', {
      role: 'user',
      content: 'Hello?',
    });
    newThreads.push(thread_id);
  };
  expect((await prune(database, 10, { onPause })).stderr).toBe(
    'Deleted 349 threads and 349 messages.\n',
  );
  expect(newThreads).toHaveLength(3);
  expect((await threadsIn(harness)).toSorted()).toEqual(['thread_349', ...newThreads].toSorted());
});

test('shows a progress bar on a terminal and erases it at the end', async () => {
  const database = temporary();
  await fill(database, 250);
  const { stderr } = await prune(database, 1, { isTTY: true });
  const percentages = [...stderr.matchAll(/\rPruning [█░]{30} +(\d+) %/gu)].map(([, percent]) =>
    Number(percent),
  );
  expect(percentages).toEqual([40, 80, 100]);
  expect(stderr.split('\u001B[K').at(-1)).toBe('Deleted 250 threads and 250 messages.\n');
});

test('prints what it deleted before an interruption', async () => {
  const database = temporary();
  await fill(database, 250);
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const onPause = async () => {
    interrupt();
    await eventLoopTurn();
  };
  expect(await prune(database, 1, { interrupted, onPause })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Interrupted.\nDeleted 100 threads and 100 messages before that.\n',
  });
  expect((await prune(database, 1)).stderr).toBe('Deleted 150 threads and 150 messages.\n');
});

test('reports a missing database and a file that is not a database', async () => {
  const database = temporary();
  expect(await prune(database, 1)).toMatchObject({
    code: 1,
    stderr: `There is no database at ${database}.\n`,
  });
  writeFileSync(database, 'something else altogether');
  expect(await prune(database, 1)).toMatchObject({
    code: 1,
    stderr: `The file ${database} is not a database; choose another file.\n`,
  });
});
