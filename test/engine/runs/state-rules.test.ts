import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import { createRun, createThread, readRun, apiErrorOf } from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { incompleteMessage, functionCall } from '../../support/upstream-items.ts';

type Status = OpenAI.Beta.Threads.RunStatus;
type CreatedRun = Awaited<ReturnType<typeof createRun>>;

const call = { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] };

const cancel = (harness: Harness, { run, thread_id }: CreatedRun) =>
  harness.openai.beta.threads.runs.cancel(run.id, { thread_id });

/** Brings a queued run into each status. */
const transitionsTo: Record<Status, (harness: Harness, created: CreatedRun) => Promise<unknown>> = {
  queued: () => Promise.resolve(),
  in_progress: async (harness) => {
    const gate = createGate();
    harness.upstream.respondWith({ gate });
    await harness.engine.tick();
    await gate.reached;
  },
  requires_action: (harness) => {
    harness.upstream.respondWith(call);
    return harness.runToEnd();
  },
  cancelling: cancel,
  cancelled: async (harness, created) => {
    await cancel(harness, created);
    await harness.runToEnd();
  },
  failed: (harness) => {
    harness.upstream.respondWith({ failed: { code: 'invalid_prompt', message: 'No.' } });
    return harness.runToEnd();
  },
  completed: (harness) => {
    harness.upstream.respondWith({});
    return harness.runToEnd();
  },
  incomplete: (harness) => {
    harness.upstream.respondWith({
      output: [incompleteMessage('It')],
      incomplete: 'max_output_tokens',
    });
    return harness.runToEnd();
  },
  expired: (harness) => harness.clock.advance(600_000),
};

async function createRunIn(status: Status) {
  const harness = await setup();
  const created = await createRun(harness);
  await transitionsTo[status](harness, created);
  const run = await readRun(harness, created.run);
  expect(run.status).toBe(status);
  return { harness, created, run };
}

/** Which requests a status accepts, and whether its run locks the thread. */
interface Rule {
  readonly status: Status;
  readonly cancel: boolean;
  readonly update: boolean;
  readonly outputs: boolean;
  readonly locks: boolean;
}

/** Contract §2.2 rows 28 to 33, §5.1. */
const rules: Rule[] = [
  { status: 'queued', cancel: true, update: false, outputs: false, locks: true },
  { status: 'in_progress', cancel: true, update: false, outputs: false, locks: true },
  { status: 'requires_action', cancel: true, update: true, outputs: true, locks: true },
  { status: 'cancelling', cancel: false, update: false, outputs: false, locks: true },
  { status: 'cancelled', cancel: false, update: true, outputs: false, locks: false },
  { status: 'failed', cancel: false, update: true, outputs: false, locks: false },
  { status: 'completed', cancel: false, update: true, outputs: false, locks: false },
  { status: 'incomplete', cancel: false, update: true, outputs: false, locks: false },
  { status: 'expired', cancel: false, update: true, outputs: false, locks: false },
];

/** The message of the error, or null if the request is accepted. */
const errorOrNull = async (isAccepted: boolean, request: Promise<unknown>) => {
  if (isAccepted) return (await request) && null;
  const { status, message } = await apiErrorOf(request);
  expect(status).toBe(400);
  return message;
};

test.each(rules)(
  'a $status run accepts a cancel: $cancel',
  async ({ status, cancel: isAccepted }) => {
    const { harness, created } = await createRunIn(status);
    expect(await errorOrNull(isAccepted, cancel(harness, created))).toBe(
      isAccepted ? null : `Cannot cancel run with status '${status}'.`,
    );
  },
);

test.each(rules)(
  'a $status run accepts an update: $update',
  async ({ status, update: isAccepted }) => {
    const { harness, run } = await createRunIn(status);
    const params = { thread_id: run.thread_id, metadata: { a: '1' } };
    expect(
      await errorOrNull(isAccepted, harness.openai.beta.threads.runs.update(run.id, params)),
    ).toBe(isAccepted ? null : `Cannot update run with status '${status}'.`);
    const { metadata, ...others } = await readRun(harness, run);
    expect({ ...others, metadata: {} }).toEqual(run);
    expect(metadata).toEqual(isAccepted ? { a: '1' } : {});
  },
);

test.each(rules)(
  'a $status run accepts outputs: $outputs',
  async ({ status, outputs: isAccepted }) => {
    const { harness, run } = await createRunIn(status);
    const tool_outputs = [{ tool_call_id: 'call_1', output: 'x' }];
    const params = { thread_id: run.thread_id, tool_outputs };
    expect(
      await errorOrNull(
        isAccepted,
        harness.openai.beta.threads.runs.submitToolOutputs(run.id, params),
      ),
    ).toBe(isAccepted ? null : `Runs in status "${status}" do not accept tool outputs.`);
  },
);

test.each(rules)('a $status run locks its thread: $locks', async ({ status, locks }) => {
  const { harness, run, created } = await createRunIn(status);
  const { thread_id, assistant_id } = created;
  const { messages, runs } = harness.openai.beta.threads;
  const added = messages.create(thread_id, { role: 'user', content: 'Hello?' });
  expect(await errorOrNull(!locks, added)).toBe(
    locks ? `Can't add messages to ${thread_id} while a run ${run.id} is active.` : null,
  );
  expect(await errorOrNull(!locks, runs.create(thread_id, { assistant_id }))).toBe(
    locks ? `Thread ${thread_id} already has an active run ${run.id}.` : null,
  );
});

test('an invalid request is reported before the state of the thread', async () => {
  const harness = await setup();
  const { thread_id } = await createRun(harness);
  const message = await harness.request('POST', `/threads/${thread_id}/messages`, { role: 'user' });
  expect(message.body.error.message).toBe("Missing required parameter: 'content'.");
  const path = `/threads/${thread_id}/runs`;
  const run = await harness.request('POST', path, { assistant_id: 'asst_nowhere' });
  expect([run.status, run.body.error.message]).toEqual([
    404,
    "No assistant found with id 'asst_nowhere'.",
  ]);
});

test('a rejected POST /threads/runs creates no thread', async () => {
  const harness = await setup({ model: 'scripted', keepsFiles: 'endpoint' });
  const { assistants } = harness.openai.beta;
  const { id: withoutInstructions } = await assistants.create({ model: 'm' });
  const { id: withFileSearch } = await assistants.create({
    model: 'm',
    instructions: 'Search.',
    tools: [{ type: 'file_search' }],
  });
  for (const assistant_id of [withoutInstructions, withFileSearch]) {
    expect((await harness.request('POST', '/threads/runs', { assistant_id })).status).toBe(400);
  }
  expect((await harness.request('GET', '/threads')).body.data).toEqual([]);
  expect((await createThread(harness)).object).toBe('thread');
});
