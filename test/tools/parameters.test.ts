import { describe, expect, test } from 'vitest';
import { connectTools, type ListedTool, selectTools } from '../support/mcp.ts';
import { createFakeServer } from '../support/fake-assistants-server.ts';

const threadIds = 'thread_id!';
const runIds = 'thread_id! run_id!';
const page = 'limit order after before';
const assistant =
  'name description instructions reasoning_effort tools tool_resources metadata temperature top_p response_format';
const runBody =
  'assistant_id! model reasoning_effort instructions tools metadata temperature top_p max_prompt_tokens max_completion_tokens truncation_strategy tool_choice parallel_tool_calls response_format';

/** The parameters of each operation in the contract, and `wait_seconds`; `!` marks required ones. */
const parameters: Readonly<Record<string, string>> = {
  create_thread_and_run: `${runBody} thread tool_resources wait_seconds`,
  create_run: `${threadIds} ${runBody} additional_instructions additional_messages include wait_seconds`,
  list_runs: `${threadIds} ${page}`,
  get_run: `${runIds} wait_seconds`,
  modify_run: `${runIds} metadata`,
  cancel_run: runIds,
  submit_tool_outputs: `${runIds} tool_outputs! wait_seconds`,
  list_run_steps: `${runIds} ${page} include`,
  get_run_step: `${runIds} step_id! include`,
  list_message_files: `${threadIds} message_id! ${page}`,
  get_message_file: `${threadIds} message_id! file_id!`,
  create_message: `${threadIds} role! content! attachments metadata`,
  list_messages: `${threadIds} ${page} run_id`,
  get_message: `${threadIds} message_id!`,
  modify_message: `${threadIds} message_id! metadata`,
  delete_message: `${threadIds} message_id!`,
  create_thread: 'messages tool_resources metadata',
  list_threads: page,
  get_thread: threadIds,
  modify_thread: `${threadIds} tool_resources metadata`,
  delete_thread: threadIds,
  create_assistant: `model! ${assistant}`,
  list_assistants: page,
  get_assistant: 'assistant_id!',
  modify_assistant: `assistant_id! model ${assistant}`,
  delete_assistant: 'assistant_id!',
  list_models: '',
  upload_file: 'filename! text base64 purpose',
  list_files: 'limit order after purpose',
  get_file: 'file_id!',
  get_file_content: 'file_id! offset',
  delete_file: 'file_id!',
};

/** Tools whose results have nothing that a model does not need. */
const isAlwaysComplete = (name: string) => /^delete_|^get_file_content$/u.test(name);

const parameterWords = (name: string): string[] => [
  ...(parameters[name] ?? '').split(' ').filter((word) => word !== ''),
  ...(isAlwaysComplete(name) ? [] : ['verbose']),
];
const withoutMark = (word: string): string => word.replace('!', '');

const listTools = async (): Promise<readonly ListedTool[]> => {
  const host = await connectTools({ openai: createFakeServer({}).openai });
  return (await host.list()).tools;
};

const isCleared = (property: object): boolean => JSON.stringify(property).includes('null clears');

const schemaOf = async (name: string) => {
  const tool = (await listTools()).find((candidate) => candidate.name === name);
  return tool?.inputSchema;
};

test('this table has every tool that is listed by default', () => {
  expect(Object.keys(parameters)).toEqual(selectTools().map(({ name }) => name));
});

describe.each(Object.keys(parameters))('%s', (name) => {
  test('lists every parameter of the contract and requires the required ones', async () => {
    const schema = await schemaOf(name);
    const required = parameterWords(name).filter((word) => word.endsWith('!'));
    expect(Object.keys(schema.properties).toSorted()).toEqual(
      parameterWords(name).map(withoutMark).toSorted(),
    );
    expect((schema.required ?? []).toSorted()).toEqual(required.map(withoutMark).toSorted());
  });
});

describe('listed limits and enumerations', () => {
  test('lists the range of limit and the values of order', async () => {
    const { properties } = await schemaOf('list_runs');
    expect(properties.limit).toMatchObject({ type: 'integer', minimum: 1, maximum: 100 });
    expect(properties.order).toMatchObject({ type: 'string', enum: ['asc', 'desc'] });
  });

  test('lists range and default of wait_seconds for each waiting tool', async () => {
    for (const [name, defaultSeconds] of [
      ['create_thread_and_run', 30],
      ['create_run', 30],
      ['submit_tool_outputs', 30],
      ['get_run', 0],
    ] as const) {
      const { properties } = await schemaOf(name);
      expect(properties.wait_seconds).toEqual({
        type: 'integer',
        description: `Seconds to wait; default ${defaultSeconds}`,
        minimum: 0,
        maximum: 45,
      });
    }
  });

  test('lists limits and enumerations of create_run', async () => {
    const { properties } = await schemaOf('create_run');
    expect(properties.temperature).toEqual({ type: 'number', minimum: 0, maximum: 2 });
    expect(properties.instructions).toMatchObject({ type: 'string' });
    expect(properties.truncation_strategy.properties).toEqual({
      type: { type: 'string', enum: ['auto', 'last_messages'] },
      last_messages: { type: 'integer', minimum: 1 },
    });
    expect(properties.tool_choice.anyOf).toMatchObject([
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

  test('lists limits and enumerations of create_message', async () => {
    const { properties } = await schemaOf('create_message');
    expect(properties.role).toEqual({ type: 'string', enum: ['user', 'assistant'] });
    expect(properties.content.anyOf[0]).toMatchObject({ type: 'string' });
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
      description: 'Pairs of strings',
      properties: { any_name: { type: 'string' } },
    });
  });

  test.each([
    ['create_thread_and_run', ['thread', 'wait_seconds', 'assistant_id']],
    ['create_run', ['additional_messages', 'wait_seconds', 'thread_id', 'assistant_id']],
    ['submit_tool_outputs', ['thread_id', 'run_id', 'tool_outputs', 'wait_seconds']],
    ['get_run', ['thread_id', 'run_id', 'wait_seconds']],
  ])('%s lists first what nearly every call sets', async (name, first) => {
    const { properties } = await schemaOf(name);
    expect(Object.keys(properties).slice(0, first.length)).toEqual(first);
  });

  test('says where the question goes, what an output is, how lists are paged and what null clears', async () => {
    const create = await schemaOf('create_thread_and_run');
    expect(create.properties.thread.description).toMatch(/question .* messages/u);
    const run = await schemaOf('create_run');
    expect(run.properties.additional_messages.description).toContain('question');
    const submit = await schemaOf('submit_tool_outputs');
    expect(submit.properties.tool_outputs.items.properties.output.description).toMatch(
      /^A string/u,
    );
    const list = await schemaOf('list_messages');
    expect(list.properties.order.description).toContain('newest first');
    expect(list.properties.after.description).toContain('last_id');
    expect(list.properties.before.description).toContain('first_id');
    const upload = await schemaOf('upload_file');
    expect(upload.properties.text.description).toBe('Exactly one of text and base64');
    const modify = await schemaOf('modify_assistant');
    const cleared = Object.entries<object>(modify.properties).filter(([, each]) => isCleared(each));
    expect(cleared.map(([name]) => name).toSorted()).toEqual([
      'description',
      'instructions',
      'metadata',
      'name',
      'reasoning_effort',
      'response_format',
      'temperature',
      'tool_resources',
      'top_p',
    ]);
    expect(isCleared(await schemaOf('create_assistant'))).toBe(false);
  });
});
