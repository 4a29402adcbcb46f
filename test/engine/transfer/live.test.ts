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

const cases = [
  ['queued', 'queued'],
  ['in_progress', 'in progress'],
  ['cancelling', 'being cancelled'],
] as const;

test.each(cases)('a %s run has failed, and its thread is free', async (status, words) => {
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
      message: `The run was ${words} when it was exported and cannot be continued.`,
    },
  });
  harness.upstream.respondWith({});
  const params = { assistant_id: ids.assistant };
  const next = await harness.openai.beta.threads.runs.create(ids.thread, params);
  await harness.runToEnd();
  expect((await readRun(harness, next)).status).toBe('completed');
});

const writing = {
  ...reply,
  status: 'in_progress',
  incomplete_details: null,
  completed_at: null,
  incomplete_at: null,
};
const writingStep = {
  ...messageStep,
  status: 'in_progress',
  completed_at: null,
  expires_at: messageStep.created_at + 600,
  usage: null,
};

const orders = [
  ['after it', [thread, activeRun('in_progress'), openToolStep, writingStep, writing]],
  ['before it', [writing, writingStep, openToolStep, activeRun('in_progress'), thread]],
] as const;

test.each(orders)('what it was writing ends with it, come %s', async (_, objects) => {
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
});
