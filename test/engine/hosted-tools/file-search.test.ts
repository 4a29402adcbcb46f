import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import {
  startedEventNames,
  collect,
  eventData,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
  streamRun,
  streamRunToEnd,
} from '../../support/run-stream.ts';
import { createRun, readRun, readSteps } from '../../support/conversation.ts';
import {
  functionCall,
  fileCitation,
  searchResult,
  textMessage,
  searchCall,
} from '../../support/upstream-items.ts';

type Step = OpenAI.Beta.Threads.Runs.RunStep;

const content = 'step_details.tool_calls[*].file_search.results[*].content';

/** The parameters of an assistant with one vector store. */
const searching = {
  tools: [{ type: 'file_search' }],
  tool_resources: { file_search: { vector_store_ids: ['vs_assistant'] } },
} satisfies Partial<OpenAI.Beta.AssistantCreateParams>;

const oslo = [
  searchResult('file-oslo', 'Oslo is cold.', 0.75),
  searchResult('file-rome', 'Rome is not.', 0.5),
];
const answered = {
  output: [
    searchCall('weather', oslo),
    textMessage('It is cold.', [fileCitation('file-oslo', 10)]),
  ],
};

const searchOf = (step: Step | undefined) => {
  const [call] = step?.step_details.type === 'tool_calls' ? step.step_details.tool_calls : [];
  return call?.type === 'file_search' ? call.file_search : undefined;
};

const bare = [
  { file_id: 'file-oslo', file_name: 'file-oslo.txt', score: 0.75, attributes: {} },
  { file_id: 'file-rome', file_name: 'file-rome.txt', score: 0.5, attributes: {} },
];
const resultsWithContent = [
  { ...bare[0], content: [{ type: 'text', text: 'Oslo is cold.' }] },
  { ...bare[1], content: [{ type: 'text', text: 'Rome is not.' }] },
];

test('scores outside 0 to 1 are clamped', async () => {
  const harness = await setup();
  const results = [
    searchResult('file-oslo', 'Oslo is cold.', 12.5),
    searchResult('file-rome', 'Rome.', -3),
  ];
  harness.upstream.respondWith({ output: [searchCall('weather', results)] });
  const { events } = await streamRunToEnd(harness, {}, searching);
  await expectStreamMatchesStored(harness, events);
  const [step] = eventData(events, 'thread.run.step.completed');
  expect(searchOf(step)?.results?.map(({ score }) => score)).toEqual([1, 0]);
});

test('a search is a step whose results come when it is completed', async () => {
  const harness = await setup();
  harness.upstream.respondWith(answered);
  const { events } = await streamRunToEnd(harness, {}, searching);
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
  const ranking_options = { ranker: 'default_2024_08_21', score_threshold: 0 };
  const [delta] = eventData(events, 'thread.run.step.delta');
  const [step] = eventData(events, 'thread.run.step.completed');
  expect(delta?.delta.step_details).toEqual({
    type: 'tool_calls',
    tool_calls: [
      {
        index: 0,
        id: expect.stringMatching(/^call_/u),
        type: 'file_search',
        file_search: { ranking_options, results: [] },
      },
    ],
  });
  expect(searchOf(step)).toEqual({ ranking_options, results: bare });
});

describe('search results have their content only if `include` names it', () => {
  const readStep = async (
    harness: Harness,
    run: OpenAI.Beta.Threads.Run,
    include: [typeof content] | [],
  ) => {
    const { id: run_id, thread_id } = run;
    const { steps } = harness.openai.beta.threads.runs;
    const { data } = await steps.list(run_id, { thread_id, order: 'asc', include });
    const step = await steps.retrieve(data[0]?.id ?? '', { run_id, thread_id, include });
    expect(step).toEqual(data[0]);
    return searchOf(step)?.results;
  };

  test('when steps are retrieved or listed', async () => {
    const harness = await setup();
    harness.upstream.respondWith(answered);
    const { run } = await createRun(harness, {}, searching);
    await harness.runToEnd();
    expect(await readStep(harness, run, [])).toEqual(bare);
    expect(await readStep(harness, run, [content])).toEqual(resultsWithContent);
  });

  test.each([
    [[content], resultsWithContent],
    [[], bare],
  ] as const)('in a stream with include %j', async (include, results) => {
    const harness = await setup();
    harness.upstream.respondWith(answered);
    const { stream } = await streamRun(harness, { include: [...include] }, searching);
    const events = collect(stream);
    await harness.runToEnd();
    const [step] = eventData(await events, 'thread.run.step.completed');
    expect(searchOf(step)?.results).toEqual(results);
  });
});

/** The request that the endpoint receives for such a run, and the log. */
async function sentFor(
  params: Partial<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>,
  assistant: Partial<OpenAI.Beta.AssistantCreateParams>,
  thread: OpenAI.Beta.ThreadCreateParams = {},
) {
  const harness = await setup();
  harness.storage.addFile('file-a');
  harness.upstream.respondWith({});
  const messages = [{ role: 'user' as const, content: 'Weather?' }];
  const { id } = await harness.openai.beta.threads.create({ messages, ...thread });
  const { id: assistant_id } = await harness.openai.beta.assistants.create({
    model: 'gpt-4.1',
    ...assistant,
  });
  const run = await harness.openai.beta.threads.runs.create(id, { assistant_id, ...params });
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  return { ...harness.upstream.sent(), lines: harness.logLines };
}

describe('the request of a run with hosted tools', () => {
  test('has the vector stores of assistant and thread, and requests the results', async () => {
    const file_search = { vector_store_ids: ['vs_thread'] };
    const thread = { tool_resources: { file_search } };
    const { tools, include } = await sentFor({}, searching, thread);
    expect(tools).toEqual([
      { type: 'file_search', vector_store_ids: ['vs_assistant', 'vs_thread'] },
    ]);
    expect(include).toContain('file_search_call.results');
  });

  test('has one search per vector store if the endpoint rejects several in one', async () => {
    const harness = await setup();
    const message = "Invalid 'tools[0].vector_store_ids': array too long.";
    const error = { message, param: 'tools[0].vector_store_ids' };
    harness.upstream.respondWith({ http: { status: 400, error } }, {}, {});
    const vector_store_ids = ['vs_thread'];
    const { id } = await harness.openai.beta.threads.create({
      messages: [{ role: 'user', content: 'Weather?' }],
      tool_resources: { file_search: { vector_store_ids } },
    });
    const assistant = await harness.openai.beta.assistants.create({
      model: 'gpt-4.1',
      ...searching,
    });
    for (let round = 0; round < 2; round += 1) {
      const run = await harness.openai.beta.threads.runs.create(id, { assistant_id: assistant.id });
      await harness.runToEnd();
      expect((await readRun(harness, run)).status).toBe('completed');
    }
    const storeIds = ['vs_assistant', 'vs_thread'];
    const stores = harness.upstream.requests.map(({ body }) =>
      body.tools?.map((tool) => tool.type === 'file_search' && tool.vector_store_ids),
    );
    const each = storeIds.map((store) => [store]);
    expect(stores).toEqual([[storeIds], each, each]);
  });

  test('has the result limit and ranking options that are set', async () => {
    const ranking_options = { ranker: 'default_2024_08_21', score_threshold: 0.5 } as const;
    const file_search = { max_num_results: 3, ranking_options };
    const tools = [{ type: 'file_search' as const, file_search }];
    const sent = await sentFor({}, { ...searching, tools });
    expect(sent.tools).toEqual([
      {
        type: 'file_search',
        vector_store_ids: ['vs_assistant'],
        max_num_results: 3,
        ranking_options: { ranker: 'auto', score_threshold: 0.5 },
      },
    ]);
  });

  test('omits file_search without vector stores, and logs that', async () => {
    const tool_choice = { type: 'file_search' } as const;
    const { tools, lines } = await sentFor({ tool_choice }, { tools: searching.tools });
    expect(tools).toBeUndefined();
    expect(lines.filter((line) => line.includes('file_search omitted'))).toHaveLength(1);
  });

  test('forces a search in the first model call only', async () => {
    const harness = await setup();
    harness.upstream.respondWith(
      { output: [searchCall('a'), functionCall('get_weather', {})] },
      {},
    );
    const { run } = await createRun(
      harness,
      { tool_choice: { type: 'file_search' } },
      {
        ...searching,
        tools: [...searching.tools, { type: 'function', function: { name: 'get_weather' } }],
      },
    );
    await harness.runToEnd();
    const waiting = await readRun(harness, run);
    const [call] = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
    const tool_outputs = [{ tool_call_id: call?.id ?? '', output: 'snow' }];
    const { thread_id } = run;
    await harness.openai.beta.threads.runs.submitToolOutputs(run.id, { thread_id, tool_outputs });
    await harness.runToEnd();
    expect(harness.upstream.sent(0).tool_choice).toEqual({ type: 'file_search' });
    expect(harness.upstream.sent(1).tool_choice).toBeUndefined();
    expect((await readSteps(harness, run)).map(({ status }) => status)).toEqual([
      'completed',
      'completed',
      'completed',
    ]);
  });

  test('has a container with all files for code_interpreter', async () => {
    const tools = [{ type: 'code_interpreter' as const }];
    const code_interpreter = { file_ids: ['file-a'] };
    const assistant = { tools, tool_resources: { code_interpreter } };
    const sent = await sentFor({ tool_choice: tools[0] ?? null }, assistant);
    expect(sent.tools).toEqual([
      { type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-a'] } },
    ]);
    expect(sent.tool_choice).toEqual({ type: 'code_interpreter' });
    expect(sent.include).toContain('code_interpreter_call.outputs');
  });
});
