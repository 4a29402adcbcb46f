import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';
import { createAssistant, apiErrorOf, weatherTool } from '../../support/conversation.ts';

test('returns a new assistant with every field and its default', async () => {
  const { openai } = await setup();
  const assistant = await openai.beta.assistants.create({ model: 'gpt-4.1-mini' });
  expect(assistant).toEqual({
    id: expect.stringMatching(/^asst_[0-9A-Za-z]{24}$/u),
    object: 'assistant',
    created_at: 1_790_000_000,
    name: null,
    description: null,
    model: 'gpt-4.1-mini',
    instructions: null,
    tools: [],
    top_p: 1,
    temperature: 1,
    reasoning_effort: null,
    tool_resources: {},
    metadata: {},
    response_format: 'auto',
  });
});

test('retrieves an assistant as it was returned on creation', async () => {
  const harness = await setup();
  const format = {
    type: 'json_schema',
    json_schema: { name: 'answer', schema: { type: 'object' }, strict: true },
  } as const;
  const assistant = await createAssistant(harness, {
    name: 'Demo',
    description: 'A demonstration',
    temperature: 0.2,
    top_p: 0.9,
    reasoning_effort: 'low',
    metadata: { team: 'weather' },
    response_format: format,
  });
  expect(assistant).toMatchObject({
    name: 'Demo',
    temperature: 0.2,
    reasoning_effort: 'low',
    response_format: format,
  });
  expect(await harness.openai.beta.assistants.retrieve(assistant.id)).toEqual(assistant);
});

test('fills in the defaults of functions and file search', async () => {
  const harness = await setup();
  const { tools } = await createAssistant(harness, {
    tools: [
      weatherTool,
      { type: 'function', function: { name: 'now' } },
      { type: 'function', function: { name: 'today', strict: true } },
      { type: 'file_search' },
      { type: 'code_interpreter' },
    ],
  });
  expect(tools).toEqual([
    { type: 'function', function: { ...weatherTool.function, strict: false } },
    {
      type: 'function',
      function: { name: 'now', parameters: { type: 'object', properties: {} }, strict: false },
    },
    {
      type: 'function',
      function: { name: 'today', parameters: { type: 'object', properties: {} }, strict: true },
    },
    {
      type: 'file_search',
      file_search: {
        ranking_options: { ranker: 'default_2024_08_21', score_threshold: 0, hybrid_search: null },
      },
    },
    { type: 'code_interpreter' },
  ]);
});

test('gives an assistant with code interpreter an empty list of files', async () => {
  const harness = await setup();
  const { id, tool_resources } = await createAssistant(harness, {
    tools: [{ type: 'code_interpreter' }],
  });
  expect(tool_resources).toEqual({ code_interpreter: { file_ids: [] } });
  const newResources = { code_interpreter: { file_ids: ['file-a'] } };
  const modified = await harness.openai.beta.assistants.update(id, {
    tool_resources: newResources,
  });
  expect(modified.tool_resources).toEqual(newResources);
});

test('modifies the fields in the request, clears those that are null and replaces metadata', async () => {
  const harness = await setup();
  const assistant = await createAssistant(harness, {
    name: 'Demo',
    description: 'old',
    temperature: 0.5,
    metadata: { a: '1', b: '2' },
  });
  await harness.clock.advance(5000);
  const modified = await harness.openai.beta.assistants.update(assistant.id, {
    description: null,
    temperature: null,
    metadata: { c: '3' },
  });
  expect(modified).toEqual({
    ...assistant,
    description: null,
    temperature: 1,
    metadata: { c: '3' },
  });
  const cleared = await harness.openai.beta.assistants.update(assistant.id, {
    metadata: null,
    tools: [],
  });
  expect(cleared).toMatchObject({ metadata: {}, tools: [], name: 'Demo' });
  expect(await harness.openai.beta.assistants.update(assistant.id, {})).toEqual(cleared);
});

test('answers 404 for a deleted assistant', async () => {
  const harness = await setup();
  const { id } = await createAssistant(harness);
  expect(await harness.openai.beta.assistants.delete(id)).toEqual({
    id,
    object: 'assistant.deleted',
    deleted: true,
  });
  const notFound = { status: 404, message: `No assistant found with id '${id}'.` };
  expect(await apiErrorOf(harness.openai.beta.assistants.retrieve(id))).toMatchObject(notFound);
  expect(await apiErrorOf(harness.openai.beta.assistants.delete(id))).toMatchObject(notFound);
  expect(await apiErrorOf(harness.openai.beta.assistants.update(id, {}))).toMatchObject(notFound);
  expect((await harness.openai.beta.assistants.list()).data).toEqual([]);
});

test('an assistant with file_search and no vector store has an empty list of them', async () => {
  const { openai } = await setup();
  const assistant = await openai.beta.assistants.create({
    model: 'gpt-4.1-mini',
    tools: [{ type: 'file_search' }],
  });
  expect(assistant.tool_resources).toEqual({ file_search: { vector_store_ids: [] } });
});
