import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  assistant,
  ids,
  activeRun,
  messageStep,
  openToolStep,
  question,
  reply,
  thread,
} from '../../support/examples.ts';
import { readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createStore, now } from '../../support/transfer.ts';

const run = { id: ids.run, thread_id: ids.thread };

const activeStatuses = [
  ['queued', 'queued'],
  ['in_progress', 'in progress'],
  ['cancelling', 'being cancelled'],
] as const;

test.each(activeStatuses)(
  'imports a %s run as failed, with an unlocked thread',
  async (status, phrase) => {
    const store = createStore();
    await store.importObjects([assistant, thread, question, activeRun(status)]);
    const harness = await setup({ database: store.database });
    expect(await readRun(harness, run)).toEqual({
      ...activeRun(status),
      status: 'failed',
      expires_at: null,
      failed_at: now,
      last_error: {
        code: 'server_error',
        message: `The run was ${phrase} when it was exported and cannot be continued.`,
      },
    });
    harness.upstream.respondWith({});
    const params = { assistant_id: ids.assistant };
    const next = await harness.openai.beta.threads.runs.create(ids.thread, params);
    await harness.runToEnd();
    expect((await readRun(harness, next)).status).toBe('completed');
  },
);

const openMessage = {
  ...reply,
  status: 'in_progress',
  incomplete_details: null,
  completed_at: null,
  incomplete_at: null,
};
const openMessageStep = {
  ...messageStep,
  status: 'in_progress',
  completed_at: null,
  expires_at: messageStep.created_at + 600,
  usage: null,
};

const orders = [
  ['after its run', [thread, activeRun('in_progress'), openToolStep, openMessageStep, openMessage]],
  [
    'before its run',
    [openMessage, openMessageStep, openToolStep, activeRun('in_progress'), thread],
  ],
] as const;

test.each(orders)(
  'a message and steps in progress that come %s end with it',
  async (_, objects) => {
    const store = createStore();
    await store.importObjects(objects);
    const harness = await setup({ database: store.database });
    expect(await readMessages(harness, ids.thread)).toEqual([
      {
        ...reply,
        status: 'incomplete',
        incomplete_at: now,
        completed_at: null,
        incomplete_details: { reason: 'run_failed' },
      },
    ]);
    const steps = await readSteps(harness, run);
    expect(steps.map(({ id }) => id)).toEqual([ids.toolStep, ids.messageStep]);
    for (const step of steps) {
      expect(step).toMatchObject({
        status: 'failed',
        failed_at: now,
        expires_at: null,
        usage: { total_tokens: 0 },
        last_error: {
          code: 'server_error',
          message: 'The step was in progress when it was exported and cannot be continued.',
        },
      });
    }
  },
);
