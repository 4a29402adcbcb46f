import { describe, expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import { createThread, textOf } from '../../support/conversation.ts';

/** A thread with the messages `1`, `2`, … `length`, all created in one second. */
async function createNumberedThread(harness: Harness, length: number) {
  const { id } = await harness.openai.beta.threads.create({
    messages: Array.from({ length }, (_, index) => ({ role: 'user', content: `${index + 1}` })),
  });
  const { data } = await harness.openai.beta.threads.messages.list(id, {
    order: 'asc',
    limit: 100,
  });
  const ids = new Map(data.map((message) => [textOf(message), message.id]));
  const page = async (query: string) => {
    const withIds = query.replaceAll(/#(\d+)/gu, (_, name: string) => ids.get(name) ?? name);
    const { body } = await harness.request('GET', `/threads/${id}/messages?${withIds}`);
    return [body.data.map(textOf).join(' '), body.has_more];
  };
  return { id, page };
}

test('returns null ids with an empty list', async () => {
  const harness = await setup();
  const { id } = await harness.openai.beta.threads.create();
  const { body } = await harness.request('GET', `/threads/${id}/messages`);
  expect(body).toEqual({
    object: 'list',
    data: [],
    first_id: null,
    last_id: null,
    has_more: false,
  });
});

test('returns pages of twenty, newest first, even within one second', async () => {
  const { page } = await createNumberedThread(await setup(), 21);
  expect(await page('')).toEqual(['21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2', true]);
});

describe('cursors', () => {
  test.each([
    ['limit=2', '5 4', true],
    ['limit=5', '5 4 3 2 1', false],
    ['order=asc&limit=2', '1 2', true],
    ['after=#4', '3 2 1', false],
    ['after=#4&limit=2', '3 2', true],
    ['after=#1', '', false],
    ['order=asc&after=#4', '5', false],
    ['before=#4', '5', false],
    ['before=#4&limit=1', '5', false],
    ['before=#3', '5 4', false],
    ['before=#5', '', false],
    ['before=#1&limit=2', '3 2', true],
    ['order=asc&before=#3', '1 2', false],
    ['order=asc&before=#5&limit=2', '3 4', true],
    ['after=#5&before=#2', '4 3', false],
    ['after=#5&before=#1&limit=2', '4 3', true],
    ['order=asc&after=#1&before=#5', '2 3 4', false],
  ])('returns the page for %s', async (query, expected, hasMore) => {
    const { page } = await createNumberedThread(await setup(), 5);
    expect(await page(query)).toEqual([expected, hasMore]);
  });
});

test('orders objects by creation time, not by id', async () => {
  const harness = await setup();
  const first = await createThread(harness);
  await harness.clock.advance(1000);
  const second = await createThread(harness);
  const { body } = await harness.request('GET', '/threads?order=asc');
  expect(body).toMatchObject({ first_id: first.id, last_id: second.id });
});

test.each(['assistants', 'threads', 'messages', 'runs', 'steps', 'files'])(
  'answers 404 for a cursor that was never in the list of %s',
  async (kind) => {
    const harness = await setup();
    harness.upstream.respondWith({});
    const assistant = await harness.openai.beta.assistants.create({ model: 'gpt-4.1-mini' });
    const thread = await createThread(harness);
    const { runs } = harness.openai.beta.threads;
    const run = await runs.create(thread.id, { assistant_id: assistant.id });
    await harness.runToEnd();
    const { data } = await harness.openai.beta.threads.messages.list(thread.id);
    const paths: Record<string, string> = {
      assistants: '/assistants',
      threads: '/threads',
      messages: `/threads/${thread.id}/messages`,
      runs: `/threads/${thread.id}/runs`,
      steps: `/threads/${thread.id}/runs/${run.id}/steps`,
      files: `/threads/${thread.id}/messages/${data[0]?.id}/files`,
    };
    for (const cursor of ['after', 'before']) {
      const { status, body } = await harness.request('GET', `${paths[kind]}?${cursor}=x_nowhere`);
      expect(status).toBe(404);
      expect(body.error.message).toMatch(/^No [a-z ]+ found with id 'x_nowhere'/u);
    }
  },
);

test('answers 404 for a cursor of another list', async () => {
  const harness = await setup();
  const one = await createNumberedThread(harness, 2);
  const other = await createNumberedThread(harness, 2);
  const { body } = await harness.request('GET', `/threads/${one.id}/messages?limit=1`);
  const path = `/threads/${other.id}/messages?after=${body.first_id}`;
  expect((await harness.request('GET', path)).status).toBe(404);
});

test('returns every message once to the SDK’s auto-pagination', async () => {
  const harness = await setup();
  const { id } = await createNumberedThread(harness, 45);
  const texts: string[] = [];
  for await (const message of harness.openai.beta.threads.messages.list(id, { order: 'asc' })) {
    texts.push(textOf(message));
  }
  expect(texts).toEqual(Array.from({ length: 45 }, (_, index) => `${index + 1}`));
});

test.each(['asc', 'desc'] as const)('continues after a deleted cursor, order %s', async (order) => {
  const harness = await setup();
  const { assistants, threads } = harness.openai.beta;
  const { id: thread_id } = await createNumberedThread(harness, 5);
  const threadIds = [thread_id];
  for (let index = 0; index < 4; index += 1) {
    await assistants.create({ model: 'gpt-4.1-mini' });
    threadIds.push((await threads.create()).id);
  }
  const query = { order, limit: 2 };
  for await (const { id } of threads.messages.list(thread_id, query)) {
    await threads.messages.delete(id, { thread_id });
  }
  for await (const { id } of assistants.list(query)) await assistants.delete(id);
  expect((await threads.messages.list(thread_id)).data).toEqual([]);
  expect((await assistants.list()).data).toEqual([]);
  const deletedId = threadIds.at(order === 'asc' ? 1 : -2) ?? '';
  await threads.delete(deletedId);
  const { body } = await harness.request('GET', `/threads?order=${order}&after=${deletedId}`);
  const listed = order === 'asc' ? threadIds : threadIds.toReversed();
  expect(body.data.map(({ id }: { id: string }) => id)).toEqual(listed.slice(2));
});

test('pages assistants, runs and steps', async () => {
  const harness = await setup({ defaultTurn: () => ({}) });
  const assistants = [];
  for (const name of ['a', 'b', 'c']) {
    assistants.push(await harness.openai.beta.assistants.create({ model: 'gpt-4.1-mini', name }));
  }
  const assistantPage = await harness.openai.beta.assistants.list({ limit: 2 });
  expect(assistantPage.data.map(({ name }) => name)).toEqual(['c', 'b']);
  expect(assistantPage.has_more).toBe(true);
  const thread = await createThread(harness);
  const { runs } = harness.openai.beta.threads;
  const runIds: string[] = [];
  for (const { id } of assistants) {
    runIds.push((await runs.create(thread.id, { assistant_id: id })).id);
    await harness.runToEnd();
  }
  const page = await runs.list(thread.id, { limit: 2 });
  expect(page.data.map(({ id }) => id)).toEqual([runIds[2], runIds[1]]);
  const next = await page.getNextPage();
  expect(next.data.map(({ id }) => id)).toEqual([runIds[0]]);
  const steps = await runs.steps.list(runIds[0] ?? '', { thread_id: thread.id });
  expect(steps.data).toHaveLength(1);
});
