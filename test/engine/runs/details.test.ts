import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import {
  createAssistant,
  createRun,
  createThread,
  readMessages,
} from '../../support/conversation.ts';

const content = 'step_details.tool_calls[*].file_search.results[*].content';

test.each([`include[]=${encodeURIComponent(content)}`, `include=${content}`])(
  '%s is accepted by run and step endpoints',
  async (query) => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const { id: assistant_id } = await createAssistant(harness);
    const { id } = await createThread(harness);
    const created = await harness.request('POST', `/threads/${id}/runs?${query}`, { assistant_id });
    expect(created.status).toBe(200);
    await harness.runToEnd();
    const steps = `/threads/${id}/runs/${created.body.id}/steps`;
    const list = await harness.request('GET', `${steps}?${query}`);
    expect([list.status, list.body.data.length]).toEqual([200, 1]);
    const one = await harness.request('GET', `${steps}/${list.body.first_id}?${query}`);
    expect([one.status, one.body]).toEqual([200, list.body.data[0]]);
  },
);

test('an unknown include value is rejected', async () => {
  const harness = await setup();
  const { run, thread_id, assistant_id } = await createRun(harness);
  const message = `Invalid value: 'all'. Supported values are: '${content}'.`;
  const steps = await harness.request(
    'GET',
    `/threads/${thread_id}/runs/${run.id}/steps?include[]=all`,
  );
  expect(steps.body.error).toMatchObject({ message, param: 'include[0]', code: 'invalid_value' });
  const path = `/threads/${thread_id}/runs?include[]=all`;
  const created = await harness.request('POST', path, { assistant_id });
  expect([created.status, created.body.error.message]).toEqual([400, message]);
});

test('an unknown query parameter is ignored', async () => {
  const { request } = await setup();
  expect((await request('GET', '/threads?colour=red')).status).toBe(200);
});

test('a thread can be created with more than a hundred messages', async () => {
  const harness = await setup();
  const messages = Array.from({ length: 150 }, (_, index) => ({
    role: 'user' as const,
    content: `${index}`,
  }));
  const { id } = await harness.openai.beta.threads.create({ messages });
  const { data } = await harness.openai.beta.threads.messages.list(id, { limit: 100 });
  expect(data).toHaveLength(100);
});

test('null clears the metadata of threads, runs and messages', async () => {
  const harness = await setup();
  harness.upstream.respondWith({});
  const { run, thread_id } = await createRun(harness, { metadata: { a: '1' } });
  await harness.runToEnd();
  const [message] = await readMessages(harness, thread_id);
  const paths = ['', `/runs/${run.id}`, `/messages/${message?.id}`];
  for (const path of paths) {
    const updated = await harness.request('POST', `/threads/${thread_id}${path}`, {
      metadata: { b: '2' },
    });
    expect([path, updated.body.metadata]).toEqual([path, { b: '2' }]);
    const unchanged = await harness.request('POST', `/threads/${thread_id}${path}`, {});
    expect([path, unchanged.body.metadata]).toEqual([path, { b: '2' }]);
    const cleared = await harness.request('POST', `/threads/${thread_id}${path}`, {
      metadata: null,
    });
    expect([path, cleared.body.metadata]).toEqual([path, {}]);
  }
});

test('the runs of a thread can be listed', async () => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  const { data } = await harness.openai.beta.threads.runs.list(thread_id);
  expect(data).toEqual([run]);
});
