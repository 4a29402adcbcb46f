import { describe, expect, test } from 'vitest';
import { apiPage, pullFrom, startHost } from '../support/assistants-host.ts';
import {
  assistant,
  completedRun,
  messageStep,
  openToolStep,
  question,
  reply,
  thread,
  toolStep,
  waitingRun,
} from '../support/examples.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { createStore } from '../support/transfer.ts';

const conversation = [assistant, thread, question, reply, completedRun, toolStep, messageStep];

/** One of our own servers with these objects. */
async function serveObjects(objects: readonly object[]) {
  const store = createStore();
  await store.importObjects(objects);
  const server = await startServe({ argv: ['--database', store.database] });
  return { store, server, url: `${server.url}/v1` };
}

const data = {
  assistants: [assistant],
  threads: [thread],
  messages: { [thread.id]: [question, reply] },
  runs: { [thread.id]: [completedRun] },
  steps: { [completedRun.id]: [toolStep, messageStep] },
};

const withoutFiles = (lines: readonly string[]) => lines.filter((line) => !line.includes('file-'));

describe('import --from another of our servers', () => {
  test('has the same export', async () => {
    const source = await serveObjects(conversation);
    const { lines, store } = await pullFrom(source.url);
    expect(lines[0]).toBe(
      `Imported 1 assistant, 1 thread, 2 messages, 1 run and 2 run steps from ${source.url}.`,
    );
    expect((await store.exportAll()).stdout).toBe((await source.store.exportAll()).stdout);
  });

  test.each(['/openai', '/api/projects/demo'])(
    'through the door of Azure’s clients: %s',
    async (door) => {
      const source = await serveObjects(conversation);
      const { store } = await pullFrom(`${source.server.url}${door}`, { apiVersion: 'v1' });
      expect((await store.exportAll()).stdout).toBe((await source.store.exportAll()).stdout);
    },
  );

  test('continues runs that wait for tool outputs', async () => {
    const source = await serveObjects([
      assistant,
      thread,
      question,
      { ...waitingRun, expires_at: 4_000_000_000 },
      openToolStep,
    ]);
    const { store, code } = await pullFrom(source.url);
    const server = await startServe({ argv: ['--database', store.database] });
    const { runs } = sdkFor(server).beta.threads;
    const run = await runs.submitToolOutputsAndPoll(waitingRun.id, {
      thread_id: thread.id,
      tool_outputs: [
        {
          tool_call_id: waitingRun.required_action.submit_tool_outputs.tool_calls[0]?.id ?? '',
          output: 'snow',
        },
      ],
    });
    expect([code, run.status]).toEqual([0, 'completed']);
  });
});

describe('import --from, repeated', () => {
  test('skips what is there and adds what is new', async () => {
    const messages = { [thread.id]: [question] };
    const first = await startHost({ ...data, messages, runs: {} });
    const { store } = await pullFrom(first.url);
    const second = await startHost(data);
    const again = await pullFrom(second.url, { database: store.database });
    expect(withoutFiles(again.lines)).toContain(
      `Imported 1 message, 1 run and 2 run steps from ${second.url}. 3 objects were there already.`,
    );
    const third = await pullFrom(second.url, { database: store.database });
    expect(third.lines[0]).toBe(
      `Imported nothing from ${second.url}. 5 objects were there already.`,
    );
    const ids = (await third.exported()).map(({ id }) => id);
    expect(ids).toEqual(conversation.map(({ id }) => id));
  });

  test('keeps what was changed or added here', async () => {
    const host = await startHost(data);
    const { store } = await pullFrom(host.url);
    const server = await startServe({ argv: ['--database', store.database] });
    const { threads } = sdkFor(server).beta;
    await threads.update(thread.id, { metadata: { mine: 'yes' } });
    const added = await threads.messages.create(thread.id, { role: 'user', content: 'And Rome?' });
    const { exported } = await pullFrom(host.url, { database: store.database });
    const objects = await exported();
    expect(objects.find(({ id }) => id === thread.id)).toMatchObject({ metadata: { mine: 'yes' } });
    expect(objects.filter(({ id }) => id === added.id)).toHaveLength(1);
  });

  test('fetches the steps of a run that was imported without them', async () => {
    const store = createStore();
    await store.importObjects([assistant, thread, completedRun]);
    const host = await startHost(data);
    const { exported } = await pullFrom(host.url, { database: store.database });
    const steps = (await exported()).filter(({ object }) => object === 'thread.run.step');
    expect(steps.map(({ id }) => id)).toEqual([toolStep.id, messageStep.id]);
  });

  test('does not request the steps of a complete run again', async () => {
    const host = await startHost(data);
    const { store } = await pullFrom(host.url);
    const count = host.requests.length;
    await pullFrom(host.url, { database: store.database });
    expect(host.requests.slice(count).filter((line) => line.includes('/steps'))).toEqual([]);
  });
});

describe('on a terminal', () => {
  const threads = Array.from({ length: 4 }, (_, index) => ({ ...thread, id: `thread_${index}` }));
  const messages = Object.fromEntries(
    threads.map(({ id }) => [id, [{ ...question, id: `msg_of_${id}`, thread_id: id }]]),
  );

  test('shows a bar, which the summary replaces', async () => {
    const host = await startHost({ threads, messages });
    const { stderr } = await pullFrom(host.url, { isTTY: true });
    const bars = stderr.split('\r\u001B[K').slice(1);
    expect(bars.at(0)).toBe('░░░░░░░░░░░░░░░░░░░░ 0 of 4 threads, nothing imported');
    expect(bars).toContain(
      '██████████░░░░░░░░░░ 2 of 4 threads, 2 threads and 2 messages imported',
    );
    expect(bars.at(-1)).toBe(`Imported 4 threads and 4 messages from ${host.url}.\n`);
  });

  test('Ctrl-C ends it with what is done and how to go on', async () => {
    const interrupt = Promise.withResolvers<void>();
    const host = await startHost(
      { threads, messages },
      {
        answer: (_request, path) => {
          if (path === '/threads/thread_2/messages') interrupt.resolve();
          return undefined;
        },
        list: (items, query, path) =>
          path === '/threads/thread_2/messages'
            ? new Response(new ReadableStream())
            : apiPage(items, query),
      },
    );
    const first = await pullFrom(host.url, { interrupted: interrupt.promise });
    expect([first.code, first.lines]).toEqual([
      1,
      [
        `Imported 3 threads and 2 messages from ${host.url}.`,
        'Interrupted. What was imported stays. Run the same command again to go on.',
      ],
    ]);
    const whole = await startHost({ threads, messages });
    const second = await pullFrom(whole.url, { database: first.store.database });
    expect([second.code, second.lines]).toEqual([
      0,
      [`Imported 1 thread and 2 messages from ${whole.url}. 5 objects were there already.`],
    ]);
  });
});

test('--dry-run reads and checks everything and stores nothing', async () => {
  const messages = { [thread.id]: [question, { ...reply, role: 'tool' }] };
  const files = { 'file-a': { info: { id: 'file-a', bytes: 1 } } };
  const attached = { ...question, id: 'msg_2', attachments: [{ file_id: 'file-a', tools: [] }] };
  const host = await startHost({
    ...data,
    messages: { [thread.id]: [...(messages[thread.id] ?? []), attached] },
    files,
  });
  const { code, lines, store } = await pullFrom(host.url, { dryRun: true });
  expect([code, lines]).toEqual([
    1,
    [
      `Would import 1 assistant, 1 thread, 2 messages, 1 run, 2 run steps and 1 file from ${host.url}.`,
      'Not imported:',
      `- message ${reply.id} of ${thread.id}: Invalid value: 'tool'. Supported values are: 'user' and 'assistant'.`,
    ],
  ]);
  expect((await store.exportAll()).stderr).toBe(`There is no database at ${store.database}.\n`);
  await store.importObjects([assistant, thread, question]);
  const second = await pullFrom(host.url, { dryRun: true, database: store.database });
  expect(second.lines[0]).toBe(
    `Would import 1 message, 1 run, 2 run steps and 1 file from ${host.url}. 3 objects were there already.`,
  );
});

test('does not keep others from writing while it waits for the server', async () => {
  const interrupt = Promise.withResolvers<void>();
  const store = createStore();
  const host = await startHost(data, {
    answer: (_request, path) => {
      if (!path.endsWith('/messages')) return undefined;
      void store.importObjects([{ ...thread, id: 'thread_b' }]).then(interrupt.resolve);
      return new Response(new ReadableStream());
    },
  });
  const { exported } = await pullFrom(host.url, {
    database: store.database,
    interrupted: interrupt.promise,
  });
  expect((await exported()).map(({ id }) => id)).toContain('thread_b');
});
