import { describe, expect, test } from 'vitest';
import {
  callIds,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  weatherTool,
} from '../../../support/conversation.ts';
import { toolCall } from '../../../support/chat-replies.ts';
import {
  collectWhileRunning,
  eventNames,
  startedEventNames,
  messageEventNames,
  expectStreamMatchesStored,
} from '../../../support/run-stream.ts';
import { ask, lastText, searchCalls, setupSearch, toolTexts } from '../../../support/searching.ts';

const search = (query: string) => toolCall('file_search', { query });

test('the model is offered a function in the place of file_search, and its calls are answered', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    { calls: [search('vacation days')], usage: [100, 10] },
    { text: 'You have 28 days【1】.', usage: [300, 20] },
  );
  const run = await ask(harness, 'How much vacation do I have?');
  await harness.runToEnd();
  const ended = await readRun(harness, run);
  expect([ended.status, ended.last_error]).toEqual(['completed', null]);
  expect(ended.usage).toMatchObject({
    prompt_tokens: 400,
    completion_tokens: 30,
    total_tokens: 430,
  });
  const [first, second] = harness.chat.requests.map(({ body }) => body);
  expect(first?.tools?.map(({ function: { name } }) => name)).toEqual(['file_search']);
  expect(toolTexts(harness.chat.sent(0))).toEqual([]);
  expect(toolTexts(harness.chat.sent(1))).toEqual([expect.stringContaining('28 days of vacation')]);
  expect(second?.tools).toEqual(first?.tools);
  const [, reply] = await readMessages(harness, run.thread_id);
  const mark = '【0:0†handbook.txt】';
  expect(reply?.content).toEqual([
    {
      type: 'text',
      text: {
        value: `You have 28 days${mark}.`,
        annotations: [
          {
            type: 'file_citation',
            text: mark,
            start_index: 16,
            end_index: 16 + mark.length,
            file_citation: { file_id: 'file-handbook' },
          },
        ],
      },
    },
  ]);
  const steps = await readSteps(harness, run);
  expect(steps.map(({ type, status }) => [type, status])).toEqual([
    ['tool_calls', 'completed'],
    ['message_creation', 'completed'],
  ]);
  expect(steps.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0)).toBe(430);
  const [call] = await searchCalls(harness, run);
  expect(call).toEqual({
    ranking_options: { ranker: 'default_2024_08_21', score_threshold: 0 },
    results: [
      {
        file_id: 'file-handbook',
        file_name: 'handbook.txt',
        score: 1,
        attributes: { language: 'en' },
        content: [{ type: 'text', text: 'Employees have 28 days of vacation in a year.' }],
      },
    ],
  });
});

test('a streamed run shows the search as a hosted one, and the same text as stored', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    { calls: [search('office Oslo')] },
    { text: 'From 8 to 17 【1】. Not on Sunday 【7】.' },
  );
  const { openai, searching } = harness;
  const assistant = await openai.beta.assistants.create({ model: 'llama-3.3', ...searching });
  const thread = await openai.beta.threads.create({
    messages: [{ role: 'user', content: 'When is Oslo open?' }],
  });
  const request = openai.beta.threads.runs.create(thread.id, {
    assistant_id: assistant.id,
    stream: true,
  });
  const events = await collectWhileRunning(harness, request);
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    'run.step.created',
    'run.step.in_progress',
    'run.step.delta',
    'run.step.completed',
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(harness, events);
  expect(await lastText(harness, thread.id)).toBe(
    'From 8 to 17 【0:0†handbook.txt】. Not on Sunday.',
  );
});

test('a search beside functions is answered, and only the functions are the caller’s', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    {
      text: 'I look.',
      calls: [search('office Oslo'), toolCall('get_weather', { city: 'Oslo' }, 'call_weather')],
      usage: [100, 10],
    },
    { text: 'Open, and cold【1】.', usage: [200, 20] },
  );
  const run = await ask(harness, 'Oslo?', { tools: [{ type: 'file_search' }, weatherTool] });
  await harness.runToEnd();
  const waiting = await readRun(harness, run);
  expect([waiting.status, callIds(waiting)]).toEqual(['requires_action', ['call_weather']]);
  await submitOutputs(harness, waiting, 'snow');
  await harness.runToEnd();
  const ended = await readRun(harness, run);
  expect([ended.status, ended.usage?.total_tokens]).toEqual(['completed', 330]);
  expect(toolTexts(harness.chat.sent())).toEqual([expect.stringContaining('【1】'), 'snow']);
  const steps = await readSteps(harness, run);
  const types = steps.map(({ step_details: details }) =>
    details.type === 'tool_calls' ? details.tool_calls.map(({ type }) => type) : 'message',
  );
  expect(types).toEqual(['message', ['file_search'], ['function'], 'message']);
  expect(steps.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0)).toBe(330);
  expect(await lastText(harness, run.thread_id)).toBe('Open, and cold【0:0†handbook.txt】.');
});

test('a search before the functions is replayed when the outputs are submitted', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    { calls: [search('office Oslo')] },
    { calls: [toolCall('get_weather', { city: 'Oslo' })] },
    { calls: [search('vacation')] },
    { text: '【1】【2】' },
  );
  const run = await ask(harness, 'Oslo?', { tools: [{ type: 'file_search' }, weatherTool] });
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run), 'snow');
  await harness.runToEnd();
  expect(harness.chat.sent().messages.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
    'tool',
    'assistant',
    'tool',
  ]);
  expect(await lastText(harness, run.thread_id)).toBe('【0:0†handbook.txt】【1:0†handbook.txt】');
});

describe('tool_choice', () => {
  test.each([
    [{ type: 'file_search' }, { type: 'function', function: { name: 'file_search' } }],
    ['required', 'required'],
    ['auto', undefined],
  ] as const)('%j is sent as %j, in the first call only', async (tool_choice, sent) => {
    const harness = await setupSearch();
    harness.chat.respondWith({ calls: [search('Oslo')] }, { text: 'Done.' });
    const run = await ask(harness, 'Oslo?', { tool_choice });
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('completed');
    expect(harness.chat.requests.map(({ body }) => body.tool_choice)).toEqual([sent, undefined]);
  });

  test('none offers no search', async () => {
    const harness = await setupSearch();
    harness.chat.respondWith({ text: 'Done.' });
    const run = await ask(harness, 'Oslo?', { tool_choice: 'none' });
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('completed');
    expect(harness.chat.sent()).not.toHaveProperty('tools');
  });
});

test('the function has another name than a function of the assistant', async () => {
  const harness = await setupSearch();
  const own = { type: 'function', function: { name: 'file_search' } } as const;
  harness.chat.respondWith(
    { calls: [toolCall('file_search_2', { query: 'Oslo' })] },
    { calls: [toolCall('file_search', {}, 'call_own')] },
  );
  const run = await ask(harness, 'Oslo?', { tools: [own, { type: 'file_search' }] });
  await harness.runToEnd();
  expect(callIds(await readRun(harness, run))).toEqual(['call_own']);
});

test.each([
  ['{"queries": ["office", "Oslo"]}', 'opens at 8'],
  ['"office Oslo"', 'opens at 8'],
  ['{"q": "office Oslo"}', 'opens at 8'],
  ['{"keywords": "office Oslo"}', 'opens at 8'],
  ['{}', 'The call has no query.'],
  ['{"query": ""}', 'The call has no query.'],
])('a call with the arguments %s is answered', async (args, expected) => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    { calls: [{ id: 'call_1', name: 'file_search', args }] },
    { text: 'Done.' },
  );
  const run = await ask(harness, 'Oslo?');
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(toolTexts(harness.chat.sent())).toEqual([expect.stringContaining(expected)]);
});

test('a model that searches for the same again must answer, and fails if it does not', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith(
    { calls: [search('Oslo')] },
    { calls: [search('Oslo')] },
    { calls: [search('Oslo')] },
  );
  const run = await ask(harness, 'Oslo?');
  await harness.runToEnd();
  const ended = await readRun(harness, run);
  expect(ended.last_error).toEqual({
    code: 'server_error',
    message: 'The model searched the files in 3 calls in a row and did not answer.',
  });
  const choices = harness.chat.requests.map(({ body }) => body.tool_choice);
  expect(choices).toEqual([undefined, undefined, 'none']);
  expect(toolTexts(harness.chat.sent())[1]).toMatch(/^You have searched for exactly this before/u);
});

test('after eight searches one after the other the model must answer', async () => {
  const harness = await setupSearch();
  const replies = Array.from({ length: 8 }, (_, index) => ({
    calls: [search(`Oslo ${index}`)],
    usage: [10, 5] as const,
  }));
  harness.chat.respondWith(...replies, { text: 'At last.', usage: [10, 5] });
  const run = await ask(harness, 'Oslo?');
  await harness.runToEnd();
  const ended = await readRun(harness, run);
  expect([ended.status, ended.usage?.total_tokens]).toEqual(['completed', 135]);
  expect(harness.chat.sent()).toMatchObject({ tool_choice: 'none', tools: [{}] });
});

test('without a store nothing is offered', async () => {
  const harness = await setupSearch();
  harness.chat.respondWith({ text: 'Hello.' });
  const { openai } = harness;
  const assistant = await openai.beta.assistants.create({
    model: 'llama-3.3',
    tools: [{ type: 'file_search' }],
  });
  const run = await openai.beta.threads.createAndRun({
    assistant_id: assistant.id,
    tool_choice: { type: 'file_search' },
    thread: { messages: [{ role: 'user', content: 'Hi' }] },
  });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect(harness.chat.sent()).not.toHaveProperty('tools');
  expect(harness.chat.sent()).not.toHaveProperty('tool_choice');
});

test.each(['refuse', 'drop'] as const)(
  'an endpoint that turns out to have no Responses API gets the search as a function, with --hosted-tools %s',
  async (hostedTools) => {
    const harness = await setupSearch({ model: 'auto', baseURL: 'http://model/v1', hostedTools });
    const { chat } = harness;
    chat.respondWith({ calls: [search('Oslo')] }, { text: 'At 8【1】.' });
    const first = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    expect((await readRun(harness, first)).status).toBe('completed');
    expect(chat.responsesAttempts()).toBe(2);
    chat.respondWith({ calls: [search('Oslo')] }, { text: 'At 8【1】.' });
    const second = await ask(harness, 'Oslo?');
    await harness.runToEnd();
    expect((await readRun(harness, second)).status).toBe('completed');
    expect(chat.responsesAttempts()).toBe(2);
    expect(await lastText(harness, second.thread_id)).toBe('At 8【0:0†handbook.txt】.');
  },
);
