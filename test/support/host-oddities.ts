import type { Case } from './tolerated-calls.ts';

const thread_id = 'thread_a';
const run_id = 'run_a';
const assistant_id = 'asst_a';
const runArgs = { thread_id, assistant_id };

/** Empty text for what is unset (Cursor, cursor#3614). */
export const emptyTexts: readonly Case[] = [
  ['a limit and an order', 'list_runs', { thread_id, limit: '', order: '' }, ''],
  ['cursors', 'list_runs', { thread_id, after: '', before: ' ' }, ''],
  ['a run', 'list_messages', { thread_id, run_id: '' }, ''],
  ['verbose', 'get_run', { thread_id, run_id, verbose: '', wait_seconds: '' }, ''],
  [
    'settings of a run',
    'create_run',
    { ...runArgs, model: '', temperature: '', tools: '', metadata: '', parallel_tool_calls: '' },
    { assistant_id },
  ],
  [
    'a setting that it does not clear',
    'modify_assistant',
    { assistant_id, temperature: '', metadata: '', tools: '' },
    {},
  ],
  [
    'a text, where it is a text',
    'create_run',
    { ...runArgs, instructions: '' },
    { assistant_id, instructions: '' },
  ],
];

/** Values of another type, where the schema has only one that they can mean. */
export const otherTypes: readonly Case[] = [
  [
    'an empty list for an object (php-sdk#284)',
    'create_thread',
    { metadata: [], tool_resources: [] },
    { metadata: {}, tool_resources: {} },
  ],
  ['an empty object for a list', 'create_thread', { messages: {} }, { messages: [] }],
  [
    'one object for a list of objects (hermes-agent#99270)',
    'submit_tool_outputs',
    { thread_id, run_id, tool_outputs: { tool_call_id: 'c', output: 'x' } },
    { tool_outputs: [{ tool_call_id: 'c', output: 'x' }] },
  ],
  [
    'numbers for text (mcporter#63)',
    'create_message',
    { thread_id, role: 'user', content: 42 },
    { role: 'user', content: '42' },
  ],
  [
    'a boolean for text',
    'submit_tool_outputs',
    { thread_id, run_id, tool_outputs: [{ tool_call_id: 'c', output: true }] },
    { tool_outputs: [{ tool_call_id: 'c', output: 'true' }] },
  ],
  [
    'a boolean of Python',
    'create_run',
    { ...runArgs, parallel_tool_calls: 'False' },
    { assistant_id, parallel_tool_calls: false },
  ],
];

/** Fields that hosts add, and objects in which they wrap all arguments. */
export const hostFields: readonly Case[] = [
  [
    'n8n#21500, n8n#22787',
    'list_runs',
    { thread_id, toolCallId: 'call_1', sessionId: 's', action: 'sendMessage', chatInput: 'Hi' },
    '',
  ],
  ['siyuan#17927', 'list_runs', { thread_id, _sessionID: 's' }, ''],
  ['ruby-mcp-client#179', 'list_runs', { thread_id, _meta: { progressToken: 1 } }, ''],
  ['a tool without required fields in Cursor', 'list_threads', { random_string: 'dummy' }, ''],
  ['no name', 'list_threads', { '': '' }, ''],
  ['kwargs (simplechat#1163)', 'list_runs', { kwargs: { thread_id, limit: '5' } }, 'limit=5'],
  ['arguments as text', 'list_runs', { arguments: JSON.stringify({ thread_id }) }, ''],
  ['input, beside a field of the host', 'list_runs', { input: { thread_id }, sessionId: 's' }, ''],
];
