import { describe, expect, test } from 'vitest';
import { allTools } from '../../src/tools/registry.ts';
import { connectTools, type ListedTool } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';

const thread = 'thread_id!';
const run = 'thread_id! run_id!';
const page = 'limit order after before';
const assistant =
  'name description instructions reasoning_effort tools tool_resources metadata temperature top_p response_format';
const runBody =
  'assistant_id! model reasoning_effort instructions tools metadata temperature top_p max_prompt_tokens max_completion_tokens truncation_strategy tool_choice parallel_tool_calls response_format';

/** Every parameter that the contract gives an operation, and `wait_seconds`; `!` marks the required. */
const parameters: Readonly<Record<string, string>> = {
  create_thread_and_run: `${runBody} thread tool_resources wait_seconds`,
  create_run: `${thread} ${runBody} additional_instructions additional_messages include wait_seconds`,
  list_runs: `${thread} ${page}`,
  get_run: `${run} wait_seconds`,
  modify_run: `${run} metadata`,
  cancel_run: run,
  submit_tool_outputs: `${run} tool_outputs! wait_seconds`,
  list_run_steps: `${run} ${page} include`,
  get_run_step: `${run} step_id! include`,
  list_message_files: `${thread} message_id! ${page}`,
  get_message_file: `${thread} message_id! file_id!`,
  create_message: `${thread} role! content! attachments metadata`,
  list_messages: `${thread} ${page} run_id`,
  get_message: `${thread} message_id!`,
  modify_message: `${thread} message_id! metadata`,
  delete_message: `${thread} message_id!`,
  create_thread: 'messages tool_resources metadata',
  list_threads: page,
  get_thread: thread,
  modify_thread: `${thread} tool_resources metadata`,
  delete_thread: thread,
  create_assistant: `model! ${assistant}`,
  list_assistants: page,
  get_assistant: 'assistant_id!',
  modify_assistant: `assistant_id! model ${assistant}`,
  delete_assistant: 'assistant_id!',
  upload_file: 'filename! text base64 purpose',
  list_files: 'limit order after purpose',
  get_file: 'file_id!',
  get_file_content: 'file_id! offset',
  delete_file: 'file_id!',
};

const words = (name: string): string[] => (parameters[name] ?? '').split(' ');
const bare = (word: string): string => word.replace('!', '');

const list = async (): Promise<readonly ListedTool[]> => {
  const host = await connectTools({ openai: createFakeServer({}).openai });
  return (await host.list()).tools;
};

const schemaOf = async (name: string) => {
  const tool = (await list()).find((candidate) => candidate.name === name);
  return tool?.inputSchema;
};

test('the table is complete', () => {
  expect(Object.keys(parameters)).toEqual(allTools.map(({ name }) => name));
});

describe.each(Object.keys(parameters))('%s', (name) => {
  test('advertises every parameter of the contract and requires those it must', async () => {
    const schema = await schemaOf(name);
    const required = words(name).filter((word) => word.endsWith('!'));
    expect(Object.keys(schema.properties).toSorted()).toEqual(words(name).map(bare).toSorted());
    expect((schema.required ?? []).toSorted()).toEqual(required.map(bare).toSorted());
  });
});

describe('limits and choices', () => {
  test('of lists', async () => {
    const { properties } = await schemaOf('list_runs');
    expect(properties.limit).toEqual({ type: 'integer', minimum: 1, maximum: 100 });
    expect(properties.order).toEqual({ type: 'string', enum: ['asc', 'desc'] });
  });

  test('of waiting, with the default of each tool', async () => {
    for (const [name, fallback] of [
      ['create_thread_and_run', 30],
      ['create_run', 30],
      ['submit_tool_outputs', 30],
      ['get_run', 0],
    ] as const) {
      const { properties } = await schemaOf(name);
      expect(properties.wait_seconds).toMatchObject({
        type: 'integer',
        minimum: 0,
        maximum: 45,
        default: fallback,
      });
    }
  });

  test('of a run', async () => {
    const { properties } = await schemaOf('create_run');
    expect(properties.temperature).toEqual({ type: 'number', minimum: 0, maximum: 2 });
    expect(properties.instructions).toEqual({ type: 'string' });
    expect(properties.truncation_strategy.properties).toEqual({
      type: { type: 'string', enum: ['auto', 'last_messages'] },
      last_messages: { type: 'integer', minimum: 1 },
    });
    expect(properties.tool_choice.anyOf).toEqual([
      { type: 'string', enum: ['none', 'auto', 'required'] },
      {
        type: 'object',
        properties: {
          type: { type: 'string', enum: ['function', 'code_interpreter', 'file_search'] },
          function: {
            type: 'object',
            properties: { name: { type: 'string' } },
            required: ['name'],
          },
        },
        required: ['type'],
      },
    ]);
    expect(properties.include.items.enum).toEqual([
      'step_details.tool_calls[*].file_search.results[*].content',
    ]);
  });

  test('of a message', async () => {
    const { properties } = await schemaOf('create_message');
    expect(properties.role).toEqual({ type: 'string', enum: ['user', 'assistant'] });
    expect(properties.content.anyOf[0]).toEqual({ type: 'string' });
    expect(properties.content.anyOf[1]).toMatchObject({ type: 'array', minItems: 1 });
    expect(properties.content.anyOf[1].items.properties.image_url).toEqual({
      type: 'object',
      properties: {
        url: { type: 'string' },
        detail: { type: 'string', enum: ['auto', 'low', 'high'] },
      },
      required: ['url'],
    });
    expect(properties.metadata).toEqual({
      type: 'object',
      additionalProperties: { type: 'string' },
    });
  });

  test('null is said where it clears a field, and only there', async () => {
    const created = await schemaOf('create_assistant');
    const modified = await schemaOf('modify_assistant');
    expect(created.properties.name).toEqual({ type: 'string', maxLength: 256 });
    expect(modified.properties.name).toEqual({ type: ['string', 'null'], maxLength: 256 });
    expect(modified.properties.reasoning_effort.enum).toContain(null);
    expect(modified.properties.response_format.anyOf).toContainEqual({ type: 'null' });
  });
});
