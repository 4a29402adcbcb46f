import { expect, test } from 'vitest';
import { createAnyCallServer } from '../support/any-call-server.ts';
import { connectTools, selectTools } from '../support/mcp.ts';

const thread_id = 'thread_a';
const run_id = 'run_a';
const assistant_id = 'asst_a';
const runArgs = { thread_id, assistant_id };
const hello = { role: 'user', content: 'Hello' };
const json = JSON.stringify;

type Refused = readonly [tool: string, args: object, text: string];
const missing = (name: string) =>
  `Missing required parameter: '${name}'.\n(param: ${name}, code: missing_required_parameter)`;
const wrong = (name: string, expected: string, got: string) =>
  `Invalid type for '${name}': expected ${expected}, but got ${got} instead.\n(param: ${name}, code: invalid_type)`;
const unknown = (name: string, advice: string) =>
  `Unknown parameter: '${name}'.\n(param: ${name}, code: unknown_parameter)\n${advice}`;

/** What can have more than one meaning is refused, with the right place. */
const refused: readonly Refused[] = [
  ['create_run', { thread_id, assistant_id: null }, wrong('assistant_id', 'a string', 'null')],
  ['get_run', { thread_id: null, run_id }, wrong('thread_id', 'a string', 'null')],
  ['create_message', { thread_id, role: 'user' }, missing('content')],
  [
    'create_message',
    { thread_id, role: 'user', content: null },
    wrong('content', 'one of a string or an array', 'null'),
  ],
  ['get_thread', { thread_id: 7 }, wrong('thread_id', 'a string', 'an integer')],
  ['list_runs', { arguments: { thread_id }, limit: 5 }, missing('thread_id')],
  [
    'create_run',
    { ...runArgs, instructions: ['Be brief.'] },
    wrong('instructions', 'a string', 'an array'),
  ],
  ['create_run', { ...runArgs, tools: 'file_search' }, wrong('tools', 'an array', 'a string')],
  ['create_thread', { metadata: { k: 1 } }, wrong('metadata.k', 'a string', 'an integer')],
  ['list_runs', { thread_id, limit: 'five' }, wrong('limit', 'an integer', 'a string')],
  ['list_runs', { thread_id, limit: '2.5' }, wrong('limit', 'an integer', 'a decimal number')],
  ['list_runs', { thread_id, limit: [5] }, wrong('limit', 'an integer', 'an array')],
  [
    'create_run',
    { ...runArgs, additional_messages: '{"role":"user"}' },
    wrong('additional_messages', 'an array', 'a string'),
  ],
  [
    'create_run',
    { ...runArgs, additional_messages: '[{"role":' },
    wrong('additional_messages', 'an array', 'a string'),
  ],
  [
    'create_run',
    { ...runArgs, additional_messages: '[{"role":"user"}]' },
    missing('additional_messages[0].content'),
  ],
  ['create_run', { ...runArgs, metadata: { k: null } }, wrong('metadata.k', 'a string', 'null')],
  [
    'create_run',
    { ...runArgs, parallel_tool_calls: 1 },
    wrong('parallel_tool_calls', 'a boolean', 'an integer'),
  ],
  [
    'submit_tool_outputs',
    { thread_id, run_id, tool_outputs: [{ tool_call_id: 'c', output: { a: 1 } }] },
    wrong('tool_outputs[0].output', 'a string', 'an object'),
  ],
  [
    'create_thread_and_run',
    { assistant_id, messages: [hello] },
    unknown('messages', "Pass it as 'thread.messages'."),
  ],
  [
    'create_thread_and_run',
    { assistant_id, additional_messages: [hello] },
    unknown('additional_messages', "Pass it as 'thread.messages'."),
  ],
  [
    'create_thread_and_run',
    { assistant_id, question: 'Why?' },
    unknown('question', "Pass it as 'thread.messages'."),
  ],
  [
    'create_thread_and_run',
    { assistant_id, thread: { content: 'Why?' } },
    unknown('thread.content', "Pass it as 'thread.messages'."),
  ],
  [
    'create_thread_and_run',
    { assistant_id, thread: { wait_seconds: 5 } },
    unknown('thread.wait_seconds', "Pass it as 'wait_seconds'."),
  ],
  [
    'create_thread_and_run',
    { assistant_id, thread_id },
    unknown('thread_id', 'Call create_run to run an assistant on an existing thread.'),
  ],
  [
    'create_run',
    { ...runArgs, messages: [hello] },
    unknown('messages', "Pass it as 'additional_messages'."),
  ],
  [
    'create_run',
    { ...runArgs, last_messages: 3 },
    unknown('last_messages', "Pass it as 'truncation_strategy.last_messages'."),
  ],
  ['create_run', { ...runArgs, timeout: 3 }, unknown('timeout', "Pass it as 'wait_seconds'.")],
  [
    'create_assistant',
    { model: 'm', file_ids: ['file-a'] },
    unknown('file_ids', "Pass it as 'tool_resources.code_interpreter.file_ids'."),
  ],
  [
    'create_assistant',
    { model: 'm', vector_store_ids: ['vs_a'] },
    unknown('vector_store_ids', "Pass it as 'tool_resources.file_search.vector_store_ids'."),
  ],
  [
    'create_assistant',
    { model: 'm', tools: [{ type: 'function', function: { name: 'f' }, parameters: {} }] },
    unknown('tools[0].parameters', "Pass it as 'tools[0].function.parameters'."),
  ],
  [
    'create_message',
    { thread_id, role: 'user', content: 'x', file_ids: ['file-a'] },
    unknown('file_ids', "Pass it as 'attachments'."),
  ],
  [
    'submit_tool_outputs',
    { thread_id, run_id, tool_outputs: [], outputs: [] },
    unknown('outputs', "Pass it as 'tool_outputs'."),
  ],
];

test.each(refused)('%s refuses %j and names the place', async (name, args, text) => {
  const { openai, requestLines } = createAnyCallServer();
  const host = await connectTools({ openai });
  expect(await host.call(name, args)).toMatchObject({ failed: true, text });
  expect(requestLines).toEqual([]);
});

const capability = selectTools({ toolNames: 'capability' });

test.each<Refused>([
  ['openai-apis-create-run', { thread_id, body: {}, assistant_id }, missing('body.assistant_id')],
  [
    'openai-apis-create-run',
    { thread_id, body: { assistant_id }, model: 'm' },
    unknown('model', "Pass it as 'body.model'."),
  ],
  [
    'openai-apis-create-run',
    { thread_id, body: { assistant_id, wait_seconds: 3 } },
    unknown('body.wait_seconds', "Pass it as 'wait_seconds'."),
  ],
  [
    'openai-apis-create-thread-and',
    { body: { assistant_id, messages: [] } },
    unknown('body.messages', "Pass it as 'body.thread.messages'."),
  ],
  [
    'openai-apis-create-thread-and',
    { body: { assistant_id }, messages: [] },
    unknown('messages', "Pass it as 'body.thread.messages'."),
  ],
])('the capability tool %s refuses %j and names the place', async (name, args, text) => {
  const host = await connectTools({ openai: createAnyCallServer().openai, tools: capability });
  expect(await host.call(name, args)).toMatchObject({ failed: true, text });
});

test('a capability tool takes its body as JSON text', async () => {
  const { openai, requests } = createAnyCallServer();
  const host = await connectTools({ openai, tools: capability });
  const body = json({ assistant_id, model: null, thread: json({ messages: [hello] }) });
  expect((await host.call('openai-apis-create-thread-and', { body })).failed).toBe(false);
  expect(await requests[0]?.json()).toEqual({ assistant_id, thread: { messages: [hello] } });
});

test('JSON text of more values than a message may have stays text', async () => {
  const host = await connectTools({ openai: createAnyCallServer().openai });
  const messages = `[${Array.from({ length: 100_001 }, () => '1').join(',')}]`;
  expect(await host.call('create_thread', { messages })).toMatchObject({
    failed: true,
    text: wrong('messages', 'an array', 'a string'),
  });
});
