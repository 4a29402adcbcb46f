import type OpenAI from 'openai';
import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import { createRun, createThread, readRun, apiErrorOf } from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { incompleteMessage, functionCall } from '../../support/upstream-items.ts';

type Status = OpenAI.Beta.Threads.RunStatus;
type Made = Awaited<ReturnType<typeof createRun>>;

const call = { output: [functionCall('get_weather', { city: 'Oslo' }, 'call_1')] };

const cancel = (harness: Harness, { run, thread_id }: Made) =>
  harness.openai.beta.threads.runs.cancel(run.id, { thread_id });

/** How a run comes into each status. */
const ways: Record<Status, (harness: Harness, made: Made) => Promise<unknown>> = {
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
  cancelled: async (harness, made) => {
    await cancel(harness, made);
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

async function reach(status: Status) {
  const harness = await setup();
  const made = await createRun(harness);
  await ways[status](harness, made);
  const run = await readRun(harness, made.run);
  expect(run.status).toBe(status);
  return { it: harness, made, run };
}

/** Which of the four requests each status takes (contract §2.2 rows 28 to 33, §5.1). */
const rules: [Status, cancels: boolean, modifies: boolean, submits: boolean, locks: boolean][] = [
  ['queued', true, false, false, true],
  ['in_progress', true, false, false, true],
  ['requires_action', true, true, true, true],
  ['cancelling', false, false, false, true],
  ['cancelled', false, true, false, false],
  ['failed', false, true, false, false],
  ['completed', false, true, false, false],
  ['incomplete', false, true, false, false],
  ['expired', false, true, false, false],
];

/** The sentence of a refusal, or null when the request was taken. */
const outcome = async (taken: boolean, request: Promise<unknown>) => {
  if (taken) return (await request) && null;
  const { status, message } = await apiErrorOf(request);
  expect(status).toBe(400);
  return message;
};

test.each(rules)('a %s run is cancelled: %s', async (status, takes) => {
  const { it: harness, made } = await reach(status);
  expect(await outcome(takes, cancel(harness, made))).toBe(
    takes ? null : `Cannot cancel run with status '${status}'.`,
  );
});

test.each(rules)('a %s run is modified: %s %s', async (status, _, takes) => {
  const { it: harness, run } = await reach(status);
  const params = { thread_id: run.thread_id, metadata: { a: '1' } };
  expect(await outcome(takes, harness.openai.beta.threads.runs.update(run.id, params))).toBe(
    takes ? null : `Cannot update run with status '${status}'.`,
  );
  const { metadata, ...rest } = await readRun(harness, run);
  expect({ ...rest, metadata: {} }).toEqual(run);
  expect(metadata).toEqual(takes ? { a: '1' } : {});
});

test.each(rules)('a %s run takes outputs: %s %s %s', async (status, _, __, takes) => {
  const { it: harness, run } = await reach(status);
  const tool_outputs = [{ tool_call_id: 'call_1', output: 'x' }];
  const params = { thread_id: run.thread_id, tool_outputs };
  expect(
    await outcome(takes, harness.openai.beta.threads.runs.submitToolOutputs(run.id, params)),
  ).toBe(takes ? null : `Runs in status "${status}" do not accept tool outputs.`);
});

test.each(rules)('a %s run locks its thread: %s %s %s %s', async (status, _, __, ___, locks) => {
  const { it: harness, run, made } = await reach(status);
  const { thread_id, assistant_id } = made;
  const { messages, runs } = harness.openai.beta.threads;
  const added = messages.create(thread_id, { role: 'user', content: 'Hello?' });
  expect(await outcome(!locks, added)).toBe(
    locks ? `Can't add messages to ${thread_id} while a run ${run.id} is active.` : null,
  );
  expect(await outcome(!locks, runs.create(thread_id, { assistant_id }))).toBe(
    locks ? `Thread ${thread_id} already has an active run ${run.id}.` : null,
  );
});

test('what is wrong with a request is said before what is wrong with its moment', async () => {
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

test('a refused thread and run leaves nothing behind', async () => {
  const harness = await setup({ model: 'scripted' });
  const { assistants } = harness.openai.beta;
  const { id: silent } = await assistants.create({ model: 'm' });
  const { id: searching } = await assistants.create({
    model: 'm',
    instructions: 'Search.',
    tools: [{ type: 'file_search' }],
  });
  for (const assistant_id of [silent, searching]) {
    expect((await harness.request('POST', '/threads/runs', { assistant_id })).status).toBe(400);
  }
  expect((await harness.request('GET', '/threads')).body.data).toEqual([]);
  expect((await createThread(harness)).object).toBe('thread');
});
