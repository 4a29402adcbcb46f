import { describe, expect, test } from 'vitest';
import { createAssistant, createRun, createThread } from '../../support/conversation.ts';
import { setup, type Harness } from '../../support/engine.ts';

const list = async ({ request }: Harness, query: string) => {
  const { status, body } = await request('GET', `/threads?${query}`);
  return { status, body, ids: body.data?.map(({ id }: { id: string }) => id) };
};

test('lists threads without summaries unless they are asked for', async () => {
  const harness = await setup();
  const { id } = await createThread(harness, 'Hello');
  const { body } = await list(harness, '');
  expect(body.data).toEqual([
    { id, object: 'thread', created_at: 1_790_000_000, metadata: {}, tool_resources: {} },
  ]);
});

test('summarizes each thread by its first question and its latest run', async () => {
  const harness = await setup({ model: 'scripted' });
  const { openai, runToEnd } = harness;
  const { id: empty } = await openai.beta.threads.create();
  const { thread_id, assistant_id } = await createRun(harness, {}, { tools: [] });
  await runToEnd();
  await openai.beta.threads.messages.create(thread_id, { role: 'user', content: 'And then?' });
  const run = await openai.beta.threads.runs.create(thread_id, { assistant_id });
  const { body } = await list(harness, 'include[]=summary');
  expect(body.data).toMatchObject([
    {
      id: thread_id,
      summary: {
        title: 'Weather in Oslo?',
        latest_run: { id: run.id, status: 'queued', assistant_id, model: 'gpt-4.1-mini' },
      },
    },
    { id: empty, summary: { title: null, latest_run: null } },
  ]);
});

test.each([
  ['a line break\n and  spaces', 'a line break and spaces'],
  ['quotes " and \\ and \u0000 nul', 'quotes " and \\ and \u0000 nul'],
  ['a lone surrogate \udc00', 'a lone surrogate \udc00'],
  ['x'.repeat(5000), 'x'.repeat(120)],
  ['😀'.repeat(1990), '😀'.repeat(60)],
  [`${'\u0001'.repeat(400)}end`, '\u0001'.repeat(120)],
  ['   ', null],
])('makes a title of the question %j', async (content, title) => {
  const harness = await setup();
  await createThread(harness, content);
  const { body } = await list(harness, 'include[]=summary');
  expect(body.data[0].summary.title).toBe(title);
});

const at = (seconds: number) => 1_790_000_000 + seconds;

/** A completed thread, one that waits, and one without runs, each a minute after the other. */
async function prepare() {
  const harness = await setup({ model: 'scripted' });
  const done = await createRun(harness, {}, { tools: [] });
  await harness.runToEnd();
  await harness.clock.advance(60_000);
  const waiting = await createRun(harness);
  await harness.runToEnd();
  await harness.clock.advance(60_000);
  const { id: quiet } = await createThread(harness, 'Nobody runs 100 % of_this');
  return { harness, done, waiting, quiet };
}

describe('filters', () => {
  test('by the status and the assistant of the latest run', async () => {
    const { harness, done, waiting } = await prepare();
    const { id: other } = await createAssistant(harness);
    expect((await list(harness, 'status=completed')).ids).toEqual([done.thread_id]);
    expect((await list(harness, 'status=requires_action')).ids).toEqual([waiting.thread_id]);
    expect((await list(harness, 'status=failed')).ids).toEqual([]);
    const byAssistant = `assistant_id=${done.assistant_id}`;
    expect((await list(harness, byAssistant)).ids).toEqual([done.thread_id]);
    expect((await list(harness, `${byAssistant}&status=failed`)).ids).toEqual([]);
    expect((await list(harness, `assistant_id=${other}`)).ids).toEqual([]);
  });

  test('by the time of creation', async () => {
    const { harness, done, waiting, quiet } = await prepare();
    const between = async (from: number, to: number) =>
      (await list(harness, `created_after=${at(from)}&created_before=${at(to)}`)).ids;
    expect(await between(60, 61)).toEqual([waiting.thread_id]);
    expect(await between(0, 120)).toEqual([waiting.thread_id, done.thread_id]);
    expect((await list(harness, `created_after=${at(61)}`)).ids).toEqual([quiet]);
  });

  test.each([
    ['oslo', 2],
    ['nobody RUNS', 1],
    ['100 % of', 1],
    ['100 %25 of_', 1],
    ['of%25this', 0],
    ['ofxthis', 0],
    ["'; drop table threads; --", 0],
    ['thread_', 3],
    ['"value"', 0],
  ])('by the text %s', async (search, count) => {
    const { harness } = await prepare();
    expect((await list(harness, `search=${search}`)).ids).toHaveLength(count);
  });

  test('by a text of the metadata', async () => {
    const { harness, quiet } = await prepare();
    await harness.openai.beta.threads.update(quiet, { metadata: { topic: 'Refunds' } });
    expect((await list(harness, 'search=refund')).ids).toEqual([quiet]);
  });

  test('over several pages, in both directions', async () => {
    const harness = await setup();
    const ids: string[] = [];
    for (let index = 0; index < 250; index += 1) {
      const text = index % 50 === 0 ? 'a needle' : 'hay';
      const { id } = await createThread(harness, text);
      if (text !== 'hay') ids.unshift(id);
    }
    const first = await list(harness, 'search=needle&limit=2');
    expect([first.ids, first.body.has_more]).toEqual([ids.slice(0, 2), true]);
    const last = await list(harness, `search=needle&limit=3&after=${ids[1]}`);
    expect([last.ids, last.body.has_more]).toEqual([ids.slice(2), false]);
    const before = await list(harness, `search=needle&limit=2&before=${ids[4]}`);
    expect([before.ids, before.body.has_more]).toEqual([ids.slice(2, 4), true]);
    const oldest = await list(harness, 'search=needle&order=asc&limit=1');
    expect(oldest.ids).toEqual(ids.slice(-1));
  });
});

test.each([
  ['status=done', "Invalid value: 'done'."],
  ['created_after=yesterday', "Invalid type for 'created_after'"],
  ['include[]=everything', "Invalid value: 'everything'."],
])('rejects the query %s', async (query, message) => {
  const { status, body } = await list(await setup(), query);
  expect(status).toBe(400);
  expect(body.error.message).toContain(message);
});
