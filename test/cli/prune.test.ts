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
  readonly isTTY?: boolean;
  readonly interrupted?: Promise<void>;
  /** Called while the command rests. */
  readonly onRest?: () => Promise<void>;
}

/** The command, so many days after the engine's clock began. */
function prune(database: string, days: number, input: Input = {}) {
  const { olderThan = day, dryRun = false, onRest = () => eventLoopTurn(), ...rest } = input;
  const clock: Clock = { now: () => start + days * day * 1000, sleep: onRest };
  const terminal = openTerminal(rest);
  return outcomeOf(terminal, runPrune(terminal, { database, olderThan, dryRun, clock }));
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

test('old threads go with what is in them; assistants and live runs stay', async () => {
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
    stderr: 'Removed 2 threads, 2 messages and 1 run.\n',
  });
  expect(await threadsIn(harness)).toEqual([waiting.thread_id]);
  expect((await readRun(harness, waiting.run)).status).toBe('queued');
  expect((await harness.openai.beta.assistants.retrieve(ended.assistant_id)).id).toBe(
    ended.assistant_id,
  );
  expect((await prune(database, 1)).stderr).toBe('Removed nothing.\n');
});

test('copies of what code made go once they are old and their thread is gone', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const made: { thread_id: string; file_id: string }[] = [];
  for (const name of ['still.csv', 'deleted.csv', 'live.csv']) {
    harness.storage.containers.set('cntr_first', new Map([[`cfile_${name}`, new Blob([name])]]));
    harness.upstream.respondWith({
      output: [codeCall('save()'), textMessage('See.', [generatedFileCitation(name)])],
    });
    const { thread_id } = await createRun(harness, {}, { tools: [{ type: 'code_interpreter' }] });
    await harness.runToEnd();
    made.push({ thread_id, file_id: [...harness.storage.files.keys()].at(-1) ?? '' });
  }
  const [still, deleted, live] = made;
  await harness.openai.beta.threads.delete(deleted?.thread_id ?? '');
  const { id: assistant_id } = await createAssistant(harness);
  await harness.openai.beta.threads.runs.create(live?.thread_id ?? '', { assistant_id });
  const keptOf = async () => {
    const files = await Promise.all(
      made.map(({ file_id }) => harness.openai.files.retrieve(file_id)),
    );
    return files.map(({ purpose }) => purpose === 'assistants_output');
  };
  expect((await prune(database, 0)).stderr).toBe('Removed nothing.\n');
  expect(await keptOf()).toEqual([true, true, true]);
  const gone = '1 thread, 2 messages, 1 run and 2 files.\n';
  expect((await prune(database, 1, { dryRun: true })).stderr).toBe(`Would remove ${gone}`);
  expect((await prune(database, 1)).stderr).toBe(`Removed ${gone}`);
  expect(await keptOf()).toEqual([false, false, true]);
  expect(harness.storage.files.has(still?.file_id ?? '')).toBe(true);
});

test('a dry run says what would go, and leaves it', async () => {
  const database = temporary();
  const harness = await setup({ database });
  await createThread(harness);
  const asked = { dryRun: true };
  expect((await prune(database, 1, asked)).stderr).toBe('Would remove 1 thread and 1 message.\n');
  expect((await prune(database, 0, asked)).stderr).toBe('Would remove nothing.\n');
  expect(await threadsIn(harness)).toHaveLength(1);
});

test('a server goes on between the batches, and what it has done by then counts', async () => {
  const database = temporary();
  await fill(database, 350);
  const harness = await setup({ database, oldIds: true });
  const { id: assistant_id } = await createAssistant(harness);
  await harness.clock.advance(10 * day * 1000);
  const made: string[] = [];
  const onRest = async () => {
    const { thread_id } = await harness.openai.beta.threads.createAndRun({ assistant_id });
    // The last one of the list comes to life while the first ones go.
    await harness.openai.beta.threads.messages.create('thread_349', {
      role: 'user',
      content: 'Hello?',
    });
    made.push(thread_id);
  };
  expect((await prune(database, 10, { onRest })).stderr).toBe(
    'Removed 349 threads and 349 messages.\n',
  );
  expect(made).toHaveLength(3);
  expect((await threadsIn(harness)).toSorted()).toEqual(['thread_349', ...made].toSorted());
});

test('on a terminal a bar grows, and is gone at the end', async () => {
  const database = temporary();
  await fill(database, 250);
  const { stderr } = await prune(database, 1, { isTTY: true });
  const shares = [...stderr.matchAll(/\rPruning [█░]{30} +(\d+) %/gu)].map(([, share]) =>
    Number(share),
  );
  expect(shares).toEqual([40, 80, 100]);
  expect(stderr.split('\u001B[K').at(-1)).toBe('Removed 250 threads and 250 messages.\n');
});

test('interrupted, it says how far it came', async () => {
  const database = temporary();
  await fill(database, 250);
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const onRest = async () => {
    interrupt();
    await eventLoopTurn();
  };
  expect(await prune(database, 1, { interrupted, onRest })).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Interrupted.\nRemoved 100 threads and 100 messages before that.\n',
  });
  expect((await prune(database, 1)).stderr).toBe('Removed 150 threads and 150 messages.\n');
});

test('no database is made, and what is none is left alone', async () => {
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
