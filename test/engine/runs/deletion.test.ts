import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, createThread, readMessages } from '../../support/conversation.ts';

/** Sends each request three times, all at once, and returns their statuses. */
async function requestConcurrently(...requests: (() => Promise<{ readonly status: number }>)[]) {
  const responses = await Promise.all(
    [...requests, ...requests, ...requests].map((send) => send()),
  );
  return responses.map(({ status }) => status);
}

test('an object that is deleted and updated concurrently is deleted once', async () => {
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
      const statuses = await requestConcurrently(modify, remove);
      const deleted = statuses.filter((status, index) => index % 2 === 1 && status === 200);
      expect([path, deleted]).toEqual([path, [200]]);
      expect(new Set([...statuses, 200, 404])).toEqual(new Set([200, 404]));
    }
  }
});

test('deleting a thread while its run and message are updated causes no error', async () => {
  const harness = await setup({ database: temporary() });
  for (let round = 0; round < 5; round += 1) {
    const { run, thread_id } = await createRun(harness);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    await harness.runToEnd();
    const [message] = await readMessages(harness, thread_id);
    const thread = `/threads/${thread_id}`;
    const statuses = await requestConcurrently(
      () => harness.request('POST', `${thread}/runs/${run.id}`, { metadata: { a: '1' } }),
      () => harness.request('POST', `${thread}/messages/${message?.id}`, { metadata: { a: '1' } }),
      () => harness.request('DELETE', thread),
    );
    expect(new Set([...statuses, 200, 404])).toEqual(new Set([200, 404]));
  }
});
