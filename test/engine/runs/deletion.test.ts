import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, createThread, readMessages } from '../../support/conversation.ts';

/** The statuses of two changes, each asked for three times, all at the same instant. */
async function collide(...changes: (() => Promise<{ readonly status: number }>)[]) {
  const answers = await Promise.all([...changes, ...changes, ...changes].map((ask) => ask()));
  return answers.map(({ status }) => status);
}

test('what is deleted while it is modified is gone, and deleted once', async () => {
  const harness = await setup({ database: temporary() });
  for (let round = 0; round < 5; round += 1) {
    const { id: thread } = await createThread(harness);
    const { id: assistant } = await harness.openai.beta.assistants.create({
      model: 'gpt-4.1-mini',
    });
    const [message] = await readMessages(harness, thread);
    const paths = [`/assistants/${assistant}`, `/threads/${thread}/messages/${message?.id}`];
    for (const path of [...paths, `/threads/${thread}`]) {
      const [modify, remove] = [
        () => harness.request('POST', path, { metadata: { a: '1' } }),
        () => harness.request('DELETE', path),
      ];
      const statuses = await collide(modify, remove);
      const deleted = statuses.filter((status, index) => index % 2 === 1 && status === 200);
      expect([path, deleted]).toEqual([path, [200]]);
      expect(new Set([...statuses, 200, 404])).toEqual(new Set([200, 404]));
    }
  }
});

test('a thread takes with it what is modified at that instant', async () => {
  const harness = await setup({ database: temporary() });
  for (let round = 0; round < 5; round += 1) {
    const { run, thread_id } = await createRun(harness);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    await harness.runToEnd();
    const [message] = await readMessages(harness, thread_id);
    const thread = `/threads/${thread_id}`;
    const statuses = await collide(
      () => harness.request('POST', `${thread}/runs/${run.id}`, { metadata: { a: '1' } }),
      () => harness.request('POST', `${thread}/messages/${message?.id}`, { metadata: { a: '1' } }),
      () => harness.request('DELETE', thread),
    );
    expect(new Set([...statuses, 200, 404])).toEqual(new Set([200, 404]));
  }
});
