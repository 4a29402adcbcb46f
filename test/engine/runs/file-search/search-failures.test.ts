import { describe, expect, test } from 'vitest';
import { setup } from '../../../support/engine.ts';
import { toolCall } from '../../../support/chat-replies.ts';
import { apiErrorOf, readRun, readSteps } from '../../../support/conversation.ts';
import { eventLoopTurn } from '../../../support/clock.ts';
import { createGate } from '../../../support/upstream.ts';
import { ask, lastText, searchCalls, setupSearch, toolTexts } from '../../../support/searching.ts';

const search = (query: string) => toolCall('file_search', { query });
const long = Array.from({ length: 40 }, (_, index) => `Oslo ${index} ${'word '.repeat(700)}`).join(
  '\n\n',
);

const overflow = (tokens: number) => ({
  http: {
    status: 400,
    error: { message: `This model's maximum context length is ${tokens} tokens.`, code: null },
  },
});

describe('results fit into the model’s window', () => {
  test('of a small model', async () => {
    const harness = await setupSearch({ modelMap: new Map([['llama-3.3', 'gpt-4']]) }, long);
    harness.chat.respondWith({ calls: [search('Oslo')], usage: [500, 10] }, { text: 'Done.' });
    const run = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('completed');
    const [text = ''] = toolTexts(harness.chat.sent());
    // 8,192 tokens; half of them at most for the results, about 5 characters each.
    expect(text.length).toBeGreaterThan(10_000);
    expect(text.length).toBeLessThan(4096 * 5.5);
    const [call] = await searchCalls(harness, run);
    expect(call?.results?.length).toBeLessThan(20);
  });

  test('of a model whose window is not known: at most 8,000 tokens', async () => {
    const harness = await setupSearch({}, long);
    harness.chat.respondWith({ calls: [search('Oslo')] }, { text: 'Done.' });
    await ask(harness, 'Oslo?');
    await harness.runToEnd();
    const [text = ''] = toolTexts(harness.chat.sent());
    expect(text.length).toBeLessThan(8000 * 5.5);
  });

  test('after the endpoint has said that they do not', async () => {
    const harness = await setupSearch({}, long);
    harness.chat.respondWith({ calls: [search('Oslo')] }, overflow(4000), overflow(4000), {
      text: 'Done【1】.',
    });
    const run = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('completed');
    const lengths = harness.chat.requests
      .flatMap(({ body }) => toolTexts(body))
      .map((t) => t.length);
    expect(lengths[1]).toBeLessThan((lengths[0] ?? 0) * 0.6);
    expect(lengths[2]).toBeLessThan((lengths[1] ?? 0) * 0.6);
    expect(await lastText(harness, run.thread_id)).toBe('Done【0:0†handbook.txt】.');
  });

  test('with max_num_results and score_threshold of the tool', async () => {
    const harness = await setupSearch({}, 'Oslo one\n\nOslo two office\n\nOslo three\n\noffice');
    harness.chat.respondWith({ calls: [search('Oslo office')] }, { text: 'Done.' });
    const tool = {
      type: 'file_search',
      file_search: { max_num_results: 2, ranking_options: { score_threshold: 0.6 } },
    } as const;
    const run = await ask(harness, 'Oslo?', { tools: [tool] });
    await harness.runToEnd();
    const [call] = await searchCalls(harness, run);
    expect(call?.ranking_options).toEqual({ ranker: 'default_2024_08_21', score_threshold: 0.6 });
    expect(call?.results?.map(({ score }) => score)).toEqual([1]);
  });

  test.each([
    ['gpt-3.5-turbo', 5],
    ['gpt-4.1-mini', 20],
  ])('%s gets at most %i results', async (model, count) => {
    const content = Array.from({ length: 30 }, (_, index) => `Oslo ${index}`).join('\n\n');
    const harness = await setupSearch({ modelMap: new Map([['llama-3.3', model]]) }, content);
    harness.chat.respondWith({ calls: [search('Oslo')] }, { text: 'Done.' });
    const run = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    const [call] = await searchCalls(harness, run);
    expect(call?.results).toHaveLength(count);
  });
});

describe('the budgets of the run', () => {
  test.each([
    ['max_completion_tokens', { max_completion_tokens: 256 }, [100, 250]],
    ['max_prompt_tokens', { max_prompt_tokens: 300 }, [200, 10]],
  ] as const)(
    '%s ends it between two calls of a turn, and counts the first',
    async (reason, params, usage) => {
      const harness = await setupSearch();
      harness.chat.respondWith({ calls: [search('Oslo')], usage });
      const run = await ask(harness, 'Oslo?', params);
      await harness.runToEnd();
      const ended = await readRun(harness, run);
      expect([ended.status, ended.incomplete_details]).toEqual(['incomplete', { reason }]);
      expect(ended.usage?.total_tokens).toBe(usage[0] + usage[1]);
      const steps = await readSteps(harness, run);
      expect(steps.map((step) => [step.status, step.usage?.total_tokens])).toEqual([
        ['completed', usage[0] + usage[1]],
      ]);
    },
  );

  test('limit the answer of each call', async () => {
    const harness = await setupSearch();
    harness.chat.respondWith({ calls: [search('Oslo')], usage: [100, 200] }, { text: 'Done.' });
    await ask(harness, 'Oslo?', { max_completion_tokens: 1000 });
    await harness.runToEnd();
    const limits = harness.chat.requests.map(({ body }) => body.max_completion_tokens);
    expect(limits).toEqual([1000, 800]);
  });
});

test('each call of a turn is retried by itself', async () => {
  const harness = await setupSearch();
  const busy = { broken: { how: 'end', before: 'all' } } as const;
  harness.chat.respondWith(busy, { calls: [search('Oslo')] }, busy, busy, { text: 'Done.' });
  const run = await ask(harness, 'Oslo?');
  const done = harness.runToEnd();
  for (let pause = 0; pause < 3; pause += 1) {
    await eventLoopTurn();
    await harness.clock.advance(5000);
  }
  await done;
  const ended = await readRun(harness, run);
  expect([ended.status, ended.usage?.total_tokens]).toEqual(['completed', 30]);
  expect(await searchCalls(harness, run)).toHaveLength(1);
});

test('a call that fails for good leaves the search and the tokens of the call before it', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    { calls: [search('Oslo')], usage: [100, 10] },
    { http: { status: 400, error: { message: 'Bad.' } } },
  );
  const run = await ask(harness, 'Oslo?');
  await harness.runToEnd();
  const ended = await readRun(harness, run);
  expect([ended.status, ended.usage?.total_tokens]).toEqual(['failed', 110]);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ status, usage }) => [status, usage?.total_tokens])).toEqual([
    ['completed', 110],
  ]);
});

test('a run that is cancelled while the model answers keeps what the search used', async () => {
  const harness = await setupSearch();
  const gate = createGate();
  harness.chat.respondWith(
    { calls: [search('Oslo')], usage: [100, 10] },
    { text: 'It opens', gate },
  );
  const run = await ask(harness, 'Oslo?');
  const done = harness.runToEnd();
  await gate.reached;
  await harness.openai.beta.threads.runs.cancel(run.id, { thread_id: run.thread_id });
  await done;
  const ended = await readRun(harness, run);
  const steps = await readSteps(harness, run);
  expect([ended.status, ended.usage?.total_tokens]).toEqual(['cancelled', 110]);
  expect(steps.map(({ status }) => status)).toEqual(['completed', 'cancelled']);
  expect(steps.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0)).toBe(110);
});

test.each([
  [2, 'completed', null],
  [3, 'failed', 'The files of the run could not be searched: Busy.'],
] as const)('a search that fails %i times: the run is %s', async (failures, status, message) => {
  const harness = await setupSearch();
  const { storage, clock, chat } = harness;
  const plain = storage.fetch;
  let searches = 0;
  Object.assign(storage, {
    fetch: async (request: Request) => {
      if (!request.url.endsWith('/search') || (searches += 1) > failures) return plain(request);
      const headers = { 'x-should-retry': 'false' };
      return Response.json({ error: { message: 'Busy.' } }, { status: 503, headers });
    },
  });
  chat.respondWith({ calls: [search('Oslo')] }, { text: 'Done.' });
  const run = await ask(harness, 'Oslo?');
  const done = harness.runToEnd();
  for (let pause = 0; pause < 2; pause += 1) {
    await eventLoopTurn();
    await clock.advance(2000);
  }
  await done;
  const ended = await readRun(harness, run);
  expect([ended.status, ended.last_error?.message ?? null]).toEqual([status, message]);
});

describe('a model without function calls', () => {
  test.each([
    [400, 'registry.ollama.ai/library/gemma3:4b does not support tools'],
    [400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'],
    [404, 'No endpoints found that support tool use.'],
    [400, 'tools param requires --jinja flag'],
    [400, "openai does not support parameters: ['tools'], for model=x."],
    [400, '`tool calling` is not supported with this model'],
  ])('fails with a sentence that says so: %i %s', async (status, message) => {
    const harness = await setupSearch();
    const refusal = { http: { status, error: { message } } };
    harness.chat.respondWith(refusal);
    const run = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    const { last_error } = await readRun(harness, run);
    expect(last_error?.message).toBe(
      `file_search needs a model that can call functions, which llama-3.3 cannot here: use another model, or run the assistant without file_search. The endpoint says: ${message} (request id req_upstream)`,
    );
  });
});

describe('a store that cannot be searched fails the run with the reason', () => {
  test('when it has expired, seven days after it was created', async () => {
    const harness = await setupSearch();
    const { openai, storage, clock, chat } = harness;
    storage.addFile('file-a', 'Oslo is cold.');
    const attachments = [{ file_id: 'file-a', tools: [{ type: 'file_search' as const }] }];
    const thread = await openai.beta.threads.create({
      messages: [{ role: 'user', content: 'Oslo?', attachments }],
    });
    const [id] = thread.tool_resources?.file_search?.vector_store_ids ?? [];
    const assistant = await openai.beta.assistants.create({
      model: 'llama-3.3',
      tools: [{ type: 'file_search' }],
    });
    const runOnce = async () => {
      chat.respondWith({ calls: [search('Oslo')] }, { text: 'Cold【1】.' });
      const run = await openai.beta.threads.runs.create(thread.id, { assistant_id: assistant.id });
      await harness.runToEnd();
      return readRun(harness, run);
    };
    expect((await runOnce()).status).toBe('completed');
    await clock.advance(8 * 86_400_000);
    const { last_error } = await runOnce();
    expect(last_error).toEqual({
      code: 'server_error',
      message: `The files of the run could not be searched: Vector store ${id} has expired.`,
    });
  });

  test('when it was deleted', async () => {
    const harness = await setupSearch();
    harness.storage.stores.delete(harness.store);
    harness.chat.respondWith({ calls: [search('Oslo')] });
    const run = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    const { last_error } = await readRun(harness, run);
    expect(last_error?.message).toBe(
      `The files of the run could not be searched: No vector store found with id '${harness.store}'.`,
    );
  });
});

test('a Chat endpoint without vector stores refuses a run with file_search', async () => {
  const harness = await setup({ model: 'chat', lacks: { vector_stores: 404 } });
  const { openai } = harness;
  const assistant = await openai.beta.assistants.create({
    model: 'llama-3.3',
    tools: [{ type: 'file_search' }],
  });
  const request = openai.beta.threads.createAndRun({
    assistant_id: assistant.id,
    thread: { messages: [{ role: 'user', content: 'Hi' }] },
  });
  expect((await apiErrorOf(request)).message).toBe(
    "'tools[0].type' is 'file_search', which Chat Completions does not support: remove it from the assistant's tools, or create the run with 'tools' that omit it.",
  );
});
