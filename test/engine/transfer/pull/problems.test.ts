import { describe, expect, test } from 'vitest';
import { pullFrom, startHost } from '../../../support/assistants-host.ts';
import {
  activeRun,
  assistant,
  completedRun,
  messageStep,
  question,
  reply,
  thread,
  toolStep,
  waitingRun,
} from '../../../support/examples.ts';
import { errorResponse } from '../../../support/fake-assistants-server.ts';
import { createStore } from '../../../support/transfer.ts';

const conversation = [assistant, thread, question, reply, completedRun, toolStep, messageStep];

const data = {
  assistants: [assistant],
  threads: [thread],
  messages: { [thread.id]: [question, reply] },
  runs: { [thread.id]: [completedRun] },
  steps: { [completedRun.id]: [toolStep, messageStep] },
};

const withoutFiles = (lines: readonly string[]) => lines.filter((line) => !line.includes('file-'));

describe('import --from names what it cannot have, and imports the rest', () => {
  test.each(['queued', 'in_progress', 'cancelling'] as const)(
    'an active run, which comes with a later import: %s',
    async (status) => {
      const runs = { [thread.id]: [activeRun(status)] };
      const half = { ...reply, status: 'in_progress', content: [] };
      const messages = { [thread.id]: [question, half] };
      const host = await startHost({ ...data, messages, runs });
      const { code, lines, store } = await pullFrom(host.url);
      expect([code, withoutFiles(lines).at(-1)]).toEqual([
        1,
        `- run ${completedRun.id} of ${thread.id}: It is ${status}; import again when it has ended.`,
      ]);
      const later = await startHost(data);
      const { exported } = await pullFrom(later.url, { database: store.database });
      expect((await exported()).map(({ id }) => id)).toEqual(conversation.map(({ id }) => id));
    },
  );

  test('a message that is being written by an unknown run', async () => {
    const half = { ...reply, run_id: 'run_new', status: 'in_progress', content: [] };
    const host = await startHost({ ...data, messages: { [thread.id]: [question, half] } });
    const { code, lines } = await pullFrom(host.url);
    expect([code, lines.at(-1)]).toEqual([
      1,
      `- message ${reply.id} of ${thread.id}: It is in_progress; import again when it has ended.`,
    ]);
  });

  test('a message, run or step that the checks refuse', async () => {
    const host = await startHost({
      ...data,
      messages: {
        [thread.id]: [question, { ...question, id: 'msg_2', role: 'tool' }, { id: null }],
      },
      runs: { [thread.id]: [completedRun, { ...completedRun, id: 'run_2', status: 'generating' }] },
      steps: { [completedRun.id]: [toolStep, { ...messageStep, id: 'step_2', status: 'done' }] },
    });
    const { code, lines, exported } = await pullFrom(host.url);
    expect([code, lines.slice(2)]).toEqual([
      1,
      [
        `- run run_2 of ${thread.id}: Invalid value: 'generating'. Supported values are: 'queued', 'in_progress', 'requires_action', 'cancelling', 'cancelled', 'failed', 'completed', 'incomplete', and 'expired'.`,
        `- run step step_2 of ${completedRun.id}: Invalid value: 'done'. Supported values are: 'in_progress', 'cancelled', 'failed', 'completed', and 'expired'.`,
        `- message without an id of ${thread.id}: The server gave none.`,
        `- message msg_2 of ${thread.id}: Invalid value: 'tool'. Supported values are: 'user' and 'assistant'.`,
      ],
    ]);
    expect((await exported()).map(({ id }) => id)).toEqual([
      assistant.id,
      thread.id,
      question.id,
      completedRun.id,
      toolStep.id,
    ]);
  });

  test('steps of which a page cannot be read, which come with a later import', async () => {
    const all = Array.from({ length: 101 }, (_, index) => ({ ...toolStep, id: `step_${index}` }));
    const steps = { [completedRun.id]: all };
    const host = await startHost(
      { ...data, steps },
      {
        answer: ({ url }, path) =>
          path.endsWith('/steps') && url.includes('after=')
            ? errorResponse(400, 'No such page.')
            : undefined,
      },
    );
    const { code, lines, store } = await pullFrom(host.url);
    expect([code, withoutFiles(lines).at(-1)]).toEqual([
      1,
      `- steps of ${completedRun.id}: HTTP 400: No such page.`,
    ]);
    const later = await startHost({ ...data, steps });
    const { exported } = await pullFrom(later.url, { database: store.database });
    const objects = await exported();
    expect(objects.filter(({ object }) => object === 'thread.run.step')).toHaveLength(101);
  });

  test('a second run that waits, which a thread cannot have', async () => {
    const runs = { [thread.id]: [waitingRun, { ...waitingRun, id: 'run_2' }] };
    const host = await startHost({ ...data, runs, steps: {} });
    const { lines } = await pullFrom(host.url);
    expect(withoutFiles(lines).at(-1)).toBe(
      `- run run_2 of ${thread.id}: Invalid 'status': thread '${thread.id}' already has an active run '${waitingRun.id}'.`,
    );
  });

  test('an id that another thread here has', async () => {
    const store = createStore();
    await store.importObjects([
      { ...thread, id: 'thread_other' },
      { ...question, thread_id: 'thread_other' },
    ]);
    const host = await startHost(data);
    const { code, lines } = await pullFrom(host.url, { database: store.database });
    expect([code, withoutFiles(lines).at(-1)]).toEqual([
      1,
      `- message ${question.id} of ${thread.id}: Its id is used in thread thread_other here.`,
    ]);
  });

  test('a message of another thread', async () => {
    const host = await startHost({
      ...data,
      messages: { [thread.id]: [{ ...question, thread_id: 'thread_elsewhere' }] },
    });
    const { code, lines } = await pullFrom(host.url);
    expect([code, withoutFiles(lines).at(-1)]).toEqual([
      1,
      `- message ${question.id} of ${thread.id}: Invalid 'thread_id': it belongs to 'thread_elsewhere'.`,
    ]);
  });
});
