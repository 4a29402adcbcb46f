import { beforeEach, expect, test } from 'vitest';
import { connectTools, type Host } from '../support/mcp.ts';
import { createFakeServer, type FakeServer } from '../support/fake-assistants-server.ts';

type Case = readonly [
  tool: string,
  args: object,
  message: string,
  param: string | null,
  code: string,
];

const thread_id = 'thread_abc';
const assistant_id = 'asst_abc';
const runIds = { thread_id, run_id: 'run_abc' };
const messageArgs = { thread_id, role: 'user', content: 'Hello' };
const longText = (length: number) => 'x'.repeat(length);
const pairs = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));

const missing = (name: string) =>
  [`Missing required parameter: '${name}'.`, name, 'missing_required_parameter'] as const;
const unknown = (name: string) =>
  [`Unknown parameter: '${name}'.`, name, 'unknown_parameter'] as const;
const wrongType = (name: string, expected: string, got: string) =>
  [
    `Invalid type for '${name}': expected ${expected}, but got ${got} instead.`,
    name,
    'invalid_type',
  ] as const;
const unsupported = (name: string, value: string, supported: string) =>
  [
    `Invalid value: '${value}'. Supported values are: ${supported}.`,
    name,
    'invalid_value',
  ] as const;
const above = (name: string, limit: number, got: number, kind = 'integer') =>
  [
    `Invalid '${name}': ${kind} above maximum value. Expected a value <= ${limit}, but got ${got} instead.`,
    name,
    `${kind}_above_max_value`,
  ] as const;
const below = (name: string, limit: number, got: number, kind = 'integer') =>
  [
    `Invalid '${name}': ${kind} below minimum value. Expected a value >= ${limit}, but got ${got} instead.`,
    name,
    `${kind}_below_min_value`,
  ] as const;
const tooLong = (name: string, limit: number, got: number) =>
  [
    `Invalid '${name}': string too long. Expected a string with maximum length ${limit}, but got a string with length ${got} instead.`,
    name,
    'string_above_max_length',
  ] as const;
const badId = (name: string, value: string, prefix: string) =>
  [
    `Invalid '${name}': '${value}'. Expected an ID that begins with '${prefix}'.`,
    name,
    'invalid_value',
  ] as const;

const cases: readonly Case[] = [
  ['create_run', {}, ...missing('thread_id')],
  ['create_run', { thread_id }, ...missing('assistant_id')],
  ['create_run', { thread_id, assistant_id, stream: true }, ...unknown('stream')],
  ['create_run', { thread_id, assistant_id, speed: 3 }, ...unknown('speed')],
  ['create_run', { thread_id, extra: 1 }, ...missing('assistant_id')],
  [
    'create_run',
    { thread_id: 7, assistant_id },
    ...wrongType('thread_id', 'a string', 'an integer'),
  ],
  ['create_run', { thread_id: '', assistant_id }, ...badId('thread_id', '', 'thread')],
  ['get_run', { ...runIds, run_id: 'run_\ud83d' }, ...badId('run_id', 'run_\ud83d', 'run')],
  ['create_run', { thread_id, assistant_id, wait_seconds: 46 }, ...above('wait_seconds', 45, 46)],
  ['create_run', { thread_id, assistant_id, wait_seconds: -1 }, ...below('wait_seconds', 0, -1)],
  [
    'create_run',
    { thread_id, assistant_id, wait_seconds: 1.5 },
    ...wrongType('wait_seconds', 'an integer', 'a decimal number'),
  ],
  [
    'create_run',
    { thread_id, assistant_id, temperature: 3 },
    ...above('temperature', 2, 3, 'decimal'),
  ],
  ['create_run', { thread_id, assistant_id, top_p: -0.1 }, ...below('top_p', 0, -0.1, 'decimal')],
  [
    'create_run',
    { thread_id, assistant_id, max_prompt_tokens: 15 },
    ...below('max_prompt_tokens', 16, 15),
  ],
  [
    'create_run',
    { thread_id, assistant_id, tool_choice: 'any' },
    ...unsupported('tool_choice', 'any', "'none', 'auto', and 'required'"),
  ],
  [
    'create_run',
    { thread_id, assistant_id, tool_choice: { type: 'function' } },
    ...missing('tool_choice.function'),
  ],
  [
    'create_run',
    { thread_id, assistant_id, truncation_strategy: { type: 'auto', last: 1 } },
    ...unknown('truncation_strategy.last'),
  ],
  [
    'create_run',
    { thread_id, assistant_id, additional_messages: [{ role: 'system', content: 'x' }] },
    ...unsupported('additional_messages[0].role', 'system', "'user' and 'assistant'"),
  ],
  [
    'create_run',
    { thread_id, assistant_id, include: 'all' },
    ...wrongType('include', 'an array', 'a string'),
  ],
  [
    'create_run',
    { thread_id, assistant_id, metadata: ['x'] },
    ...wrongType('metadata', 'an object', 'an array'),
  ],
  [
    'create_run',
    { thread_id, assistant_id, metadata: { on: true } },
    ...wrongType('metadata.on', 'a string', 'a boolean'),
  ],
  [
    'create_run',
    { thread_id, assistant_id, metadata: pairs(17) },
    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 properties instead.",
    'metadata',
    'object_above_max_properties',
  ],
  ['create_thread_and_run', {}, ...missing('assistant_id')],
  [
    'create_thread_and_run',
    { assistant_id, thread: { messages: [{ role: 'user' }] } },
    ...missing('thread.messages[0].content'),
  ],
  ['create_thread_and_run', { assistant_id, thread: { title: 'x' } }, ...unknown('thread.title')],
  ['list_runs', { thread_id, limit: 0 }, ...below('limit', 1, 0)],
  ['list_runs', { thread_id, limit: 101 }, ...above('limit', 100, 101)],
  ['list_runs', { thread_id, limit: 'five' }, ...wrongType('limit', 'an integer', 'a string')],
  [
    'list_runs',
    { thread_id, order: 'newest' },
    ...unsupported('order', 'newest', "'asc' and 'desc'"),
  ],
  ['list_runs', { thread_id, status: 'queued' }, ...unknown('status')],
  ['get_run', { thread_id }, ...missing('run_id')],
  ['get_run', { thread_id, run_id: '..' }, ...badId('run_id', '..', 'run')],
  ['get_run', { thread_id: '.', run_id: 'run_abc' }, ...badId('thread_id', '.', 'thread')],
  ['modify_run', { ...runIds, status: 'completed' }, ...unknown('status')],
  ['cancel_run', { ...runIds, reason: 'late' }, ...unknown('reason')],
  ['submit_tool_outputs', runIds, ...missing('tool_outputs')],
  [
    'submit_tool_outputs',
    { ...runIds, tool_outputs: [{ tool_call_id: 'call_a' }] },
    ...missing('tool_outputs[0].output'),
  ],
  [
    'submit_tool_outputs',
    { ...runIds, tool_outputs: [{ tool_call_id: 'call_a', output: { city: 'Oslo' } }] },
    ...wrongType('tool_outputs[0].output', 'a string', 'an object'),
  ],
  [
    'submit_tool_outputs',
    { ...runIds, tool_outputs: 7 },
    ...wrongType('tool_outputs', 'an array', 'an integer'),
  ],
  [
    'list_run_steps',
    { ...runIds, include: ['everything'] },
    ...unsupported(
      'include[0]',
      'everything',
      "'step_details.tool_calls[*].file_search.results[*].content'",
    ),
  ],
  ['get_run_step', runIds, ...missing('step_id')],
  ['list_message_files', { thread_id }, ...missing('message_id')],
  [
    'get_message_file',
    { thread_id, message_id: 'msg_a', file_id: '' },
    ...badId('file_id', '', 'file'),
  ],
  ['create_message', { thread_id, content: 'x' }, ...missing('role')],
  [
    'create_message',
    { ...messageArgs, content: null },
    ...wrongType('content', 'one of a string or an array', 'null'),
  ],
  [
    'create_message',
    { ...messageArgs, content: [] },
    "Invalid 'content': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    'content',
    'empty_array',
  ],
  [
    'create_message',
    { ...messageArgs, content: longText(256_001) },
    ...tooLong('content', 256_000, 256_001),
  ],
  [
    'create_message',
    { ...messageArgs, content: [{ type: 'text' }] },
    ...missing('content[0].text'),
  ],
  [
    'create_message',
    { ...messageArgs, content: [{ type: 'audio' }] },
    ...unsupported('content[0].type', 'audio', "'text', 'image_url', and 'image_file'"),
  ],
  [
    'create_message',
    { ...messageArgs, attachments: [{ file_id: 'file-a' }] },
    ...missing('attachments[0].tools'),
  ],
  ['list_messages', { thread_id, after: 5 }, ...wrongType('after', 'a string', 'an integer')],
  ['modify_message', { thread_id, message_id: 'msg_a', content: 'x' }, ...unknown('content')],
  ['create_thread', { thread_id }, ...unknown('thread_id')],
  ['list_threads', { limit: true }, ...wrongType('limit', 'an integer', 'a boolean')],
  [
    'modify_thread',
    { thread_id, metadata: { k: longText(513) } },
    ...tooLong('metadata.k', 512, 513),
  ],
  ['delete_thread', {}, ...missing('thread_id')],
  ['create_assistant', { name: 'Ada' }, ...missing('model')],
  ['create_assistant', { model: 'gpt-4.1', name: longText(257) }, ...tooLong('name', 256, 257)],
  [
    'create_assistant',
    { model: 'gpt-4.1', tools: [{ type: 'retrieval' }] },
    ...unsupported(
      'tools[0].type',
      'retrieval',
      "'code_interpreter', 'file_search', and 'function'",
    ),
  ],
  [
    'create_assistant',
    { model: 'gpt-4.1', tools: [{ type: 'function', function: {} }] },
    ...missing('tools[0].function.name'),
  ],
  [
    'create_assistant',
    { model: 'gpt-4.1', tools: Array.from({ length: 129 }, () => ({ type: 'code_interpreter' })) },
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead.",
    'tools',
    'array_above_max_length',
  ],
  ['get_assistant', { id: 'asst_a' }, ...missing('assistant_id')],
  [
    'modify_assistant',
    { assistant_id, reasoning_effort: 'extreme' },
    ...unsupported(
      'reasoning_effort',
      'extreme',
      "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'",
    ),
  ],
  ['delete_assistant', { assistant_id, force: true }, ...unknown('force')],
];

let server: FakeServer;
let host: Host;

beforeEach(async () => {
  server = createFakeServer({});
  host = await connectTools({ openai: server.openai });
});

test.each(cases)('%s rejects %j without a request', async (tool, args, message, param, code) => {
  const { failed, text } = await host.call(tool, args);
  expect({ failed, text }).toEqual({
    failed: true,
    text: `${message}\n(${param === null ? '' : `param: ${param}, `}code: ${code})`,
  });
  expect(server.requestLines).toEqual([]);
});

test('rejects arguments nested more than 500 levels deep', async () => {
  const parameters = JSON.parse(`${'{"a":'.repeat(600)}1${'}'.repeat(600)}`);
  const tools = [{ type: 'function', function: { name: 'f', parameters } }];
  const { failed, text } = await host.call('create_assistant', { model: 'm', tools });
  expect({ failed, text }).toEqual({
    failed: true,
    text: 'The arguments are nested more than 500 levels deep.\n(code: invalid_value)',
  });
  expect(server.requestLines).toEqual([]);
});
