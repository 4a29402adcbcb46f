import { expect, test } from 'vitest';
import { setup, type Setup } from '../../support/engine.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readMessages,
  readRun,
  refusal,
} from '../../support/conversation.ts';
import { createGate } from '../../support/upstream.ts';
import { calls } from '../../support/upstream-items.ts';

/** That the thread of a live run takes neither messages nor runs. */
async function expectLocked(
  it: Setup,
  run: { id: string; thread_id: string },
  assistant_id: string,
) {
  const { thread_id } = run;
  const { messages, runs } = it.openai.beta.threads;
  const added = await refusal(messages.create(thread_id, { role: 'user', content: 'Hello?' }));
  const made = await refusal(runs.create(thread_id, { assistant_id }));
  const common = { status: 400, type: 'invalid_request_error', param: null, code: null };
  expect([added, made]).toEqual([
    { ...common, message: `Can't add messages to ${thread_id} while a run ${run.id} is active.` },
    { ...common, message: `Thread ${thread_id} already has an active run ${run.id}.` },
  ]);
}

test('a live run locks its thread in every status', async () => {
  const it = await setup();
  const gate = createGate();
  it.upstream.will({ output: [calls('get_weather', { city: 'Oslo' })], gate });
  const { run, assistant_id } = await createRun(it);
  await expectLocked(it, run, assistant_id);
  await it.engine.tick();
  await gate.reached;
  expect((await readRun(it, run)).status).toBe('in_progress');
  await expectLocked(it, run, assistant_id);
  gate.open();
  await it.engine.idle();
  expect((await readRun(it, run)).status).toBe('requires_action');
  await expectLocked(it, run, assistant_id);
});

test('of twenty runs created at once exactly one is made', async () => {
  const it = await setup();
  const { id: assistant_id } = await createAssistant(it);
  const { id } = await createThread(it);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      it.request('POST', `/threads/${id}/runs`, {
        assistant_id,
        additional_messages: [{ role: 'user', content: 'Me first.' }],
      }),
    ),
  );
  const made = answers.filter(({ status }) => status === 200);
  expect(made).toHaveLength(1);
  const refused = answers.filter(({ status }) => status === 400);
  expect(new Set(refused.map(({ body }) => body.error.message))).toEqual(
    new Set([`Thread ${id} already has an active run ${made[0]?.body.id}.`]),
  );
  expect(refused).toHaveLength(19);
  expect(await readMessages(it, id)).toHaveLength(2);
});

test('a refused run leaves its additional messages unwritten', async () => {
  const it = await setup();
  const { thread_id, assistant_id } = await createRun(it);
  const before = await readMessages(it, thread_id);
  const additional_messages = [{ role: 'user' as const, content: 'And now?' }];
  const { runs } = it.openai.beta.threads;
  await refusal(runs.create(thread_id, { assistant_id, additional_messages }));
  expect(await readMessages(it, thread_id)).toEqual(before);
});

test('a locked thread can be read, its metadata changed, its messages deleted', async () => {
  const it = await setup();
  const { thread_id } = await createRun(it);
  const { threads } = it.openai.beta;
  const [message] = await readMessages(it, thread_id);
  const changed = { metadata: { a: '1' } };
  expect(await threads.update(thread_id, changed)).toMatchObject(changed);
  const id = message?.id ?? '';
  expect(await threads.messages.update(id, { thread_id, ...changed })).toMatchObject(changed);
  expect(await threads.messages.delete(id, { thread_id })).toMatchObject({ deleted: true });
});

test('one thread does not lock another', async () => {
  const it = await setup();
  const { assistant_id } = await createRun(it);
  const other = await createThread(it);
  const run = await it.openai.beta.threads.runs.create(other.id, { assistant_id });
  expect(run.status).toBe('queued');
});

test('as many runs are executed at once as the setting says', async () => {
  const it = await setup({ concurrency: 2 });
  const gates = [createGate(), createGate(), createGate()];
  it.upstream.will(...gates.map((gate) => ({ gate })));
  const made = [await createRun(it), await createRun(it), await createRun(it)];
  await it.engine.tick();
  await Promise.all([gates[0]?.reached, gates[1]?.reached]);
  await it.engine.tick();
  const statuses = async () =>
    Promise.all(made.map(async ({ run }) => (await readRun(it, run)).status));
  expect(await statuses()).toEqual(['in_progress', 'in_progress', 'queued']);
  for (const gate of gates) gate.open();
  await it.engine.idle();
  await it.runToEnd();
  expect(await statuses()).toEqual(['completed', 'completed', 'completed']);
});
