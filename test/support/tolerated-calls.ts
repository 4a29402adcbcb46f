/** What the server was asked: the query of a GET, the body of a POST. */
type Sent = string | object;
export type Case = readonly [why: string, tool: string, args: object, sent: Sent];

const thread_id = 'thread_a';
const run_id = 'run_a';
const assistant_id = 'asst_a';
const runArgs = { thread_id, assistant_id };
const hello = { role: 'user', content: 'Hello' };
const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } };
const json = JSON.stringify;

/** Nulls for everything that is unset (CrewAI, NeMo, Langflow, Zed, LibreChat). */
export const nulls: readonly Case[] = [
  ['limit', 'list_runs', { thread_id, limit: null }, ''],
  ['every cursor', 'list_runs', { thread_id, order: null, after: null, before: null }, ''],
  ['the run of messages', 'list_messages', { thread_id, run_id: null }, ''],
  ['all of a list', 'list_threads', { limit: null, order: null, after: null, before: null }, ''],
  ['purpose', 'list_files', { purpose: null }, 'limit=20'],
  ['include', 'list_run_steps', { thread_id, run_id, include: null }, ''],
  ['wait_seconds', 'get_run', { thread_id, run_id, wait_seconds: null }, ''],
  ['a setting that is nullable', 'create_run', { ...runArgs, model: null }, { assistant_id }],
  [
    'a setting that is not',
    'create_run',
    { ...runArgs, parallel_tool_calls: null },
    { assistant_id },
  ],
  [
    'lists of a run',
    'create_run',
    { ...runArgs, tools: null, additional_messages: null, include: null },
    { assistant_id },
  ],
  ['thread', 'create_thread_and_run', { assistant_id, thread: null }, { assistant_id }],
  [
    'fields of a nested object',
    'create_thread_and_run',
    { assistant_id, thread: { messages: [hello], metadata: null, tool_resources: null } },
    { assistant_id, thread: { messages: [hello] } },
  ],
  [
    'fields of list items',
    'create_run',
    { ...runArgs, additional_messages: [{ ...hello, attachments: null, metadata: null }] },
    { assistant_id, additional_messages: [hello] },
  ],
  [
    'fields of a function',
    'create_assistant',
    {
      model: 'm',
      tools: [{ type: 'function', function: { name: 'f', description: null, strict: null } }],
    },
    { model: 'm', tools: [{ type: 'function', function: { name: 'f' } }] },
  ],
  [
    'details of a content part',
    'create_message',
    {
      thread_id,
      role: 'user',
      content: [{ type: 'image_file', image_file: { file_id: 'file-a', detail: null } }],
    },
    { role: 'user', content: [{ type: 'image_file', image_file: { file_id: 'file-a' } }] },
  ],
  ['tools of an assistant', 'create_assistant', { model: 'm', tools: null }, { model: 'm' }],
  ['metadata', 'create_thread', { metadata: null, messages: null }, {}],
];

/** Where null clears a field, it clears. */
export const clearing: readonly Case[] = [
  ['metadata', 'modify_run', { thread_id, run_id, metadata: null }, { metadata: null }],
  [
    'metadata of a message',
    'modify_message',
    { thread_id, message_id: 'msg_a', metadata: null },
    { metadata: null },
  ],
  [
    'everything of a thread',
    'modify_thread',
    { thread_id, metadata: null, tool_resources: null },
    { metadata: null, tool_resources: null },
  ],
  [
    'settings of an assistant',
    'modify_assistant',
    { assistant_id, name: null, instructions: null, temperature: null, response_format: null },
    { name: null, instructions: null, temperature: null, response_format: null },
  ],
  ['but not what has no null', 'modify_assistant', { assistant_id, model: null, tools: null }, {}],
  [
    'but not a nested field without null',
    'modify_thread',
    {
      thread_id,
      tool_resources: { code_interpreter: null, file_search: { vector_store_ids: ['vs_a'] } },
    },
    { tool_resources: { file_search: { vector_store_ids: ['vs_a'] } } },
  ],
];

/** JSON text where the schema has no text (Claude Code, Claude Desktop, netclaw, mcporter). */
export const texts: readonly Case[] = [
  [
    'a list of messages',
    'create_run',
    { ...runArgs, additional_messages: json([hello]) },
    { assistant_id, additional_messages: [hello] },
  ],
  [
    'messages that are text each',
    'create_run',
    { ...runArgs, additional_messages: [json(hello)] },
    { assistant_id, additional_messages: [hello] },
  ],
  [
    'a thread',
    'create_thread_and_run',
    { assistant_id, thread: json({ messages: [hello] }) },
    { assistant_id, thread: { messages: [hello] } },
  ],
  [
    'a thread with messages as text',
    'create_thread_and_run',
    { assistant_id, thread: { messages: json([hello]) } },
    { assistant_id, thread: { messages: [hello] } },
  ],
  [
    'text in text',
    'create_thread_and_run',
    { assistant_id, thread: json({ messages: json([hello]) }) },
    { assistant_id, thread: { messages: [hello] } },
  ],
  ['spaces around it', 'create_thread', { messages: ` ${json([hello])}\n` }, { messages: [hello] }],
  [
    'nulls in text',
    'create_thread',
    { messages: json([{ ...hello, metadata: null }]) },
    { messages: [hello] },
  ],
  ['metadata', 'create_thread', { metadata: json({ k: 'v' }) }, { metadata: { k: 'v' } }],
  ['tools', 'create_assistant', { model: 'm', tools: json([tool]) }, { model: 'm', tools: [tool] }],
  [
    'a function',
    'create_assistant',
    { model: 'm', tools: [{ type: 'function', function: json(tool.function) }] },
    { model: 'm', tools: [tool] },
  ],
  [
    'parameters of a function',
    'create_assistant',
    {
      model: 'm',
      tools: [{ type: 'function', function: { name: 'f', parameters: json({ type: 'object' }) } }],
    },
    { model: 'm', tools: [tool] },
  ],
  [
    'tool outputs',
    'submit_tool_outputs',
    { thread_id, run_id, tool_outputs: json([{ tool_call_id: 'c', output: '{"a":1}' }]) },
    { tool_outputs: [{ tool_call_id: 'c', output: '{"a":1}' }] },
  ],
  [
    'an object where an enumeration is taken too',
    'create_run',
    { ...runArgs, tool_choice: json({ type: 'function', function: { name: 'f' } }) },
    { assistant_id, tool_choice: { type: 'function', function: { name: 'f' } } },
  ],
  [
    'a response format',
    'create_run',
    { ...runArgs, response_format: '{"type":"json_object"}' },
    { assistant_id, response_format: { type: 'json_object' } },
  ],
  [
    'a word of an enumeration stays',
    'create_run',
    { ...runArgs, tool_choice: 'auto' },
    { assistant_id, tool_choice: 'auto' },
  ],
  ['a quoted word of an enumeration', 'list_runs', { thread_id, order: '"asc"' }, 'order=asc'],
  ['an integer', 'list_runs', { thread_id, limit: '5' }, 'limit=5'],
  [
    'a number',
    'create_run',
    { ...runArgs, temperature: '0.5' },
    { assistant_id, temperature: 0.5 },
  ],
  [
    'a boolean',
    'create_run',
    { ...runArgs, parallel_tool_calls: 'false' },
    { assistant_id, parallel_tool_calls: false },
  ],
  ['a wait', 'get_run', { thread_id, run_id, wait_seconds: '0' }, ''],
  [
    'a list of enumerated words',
    'list_run_steps',
    { thread_id, run_id, include: '["step_details.tool_calls[*].file_search.results[*].content"]' },
    'include[]=step_details.tool_calls[*].file_search.results[*].content',
  ],
  [
    'vector stores',
    'modify_thread',
    { thread_id, tool_resources: '{"file_search":{"vector_store_ids":["vs_a"]}}' },
    { tool_resources: { file_search: { vector_store_ids: ['vs_a'] } } },
  ],
  [
    'what the schema has as text stays text',
    'create_message',
    { thread_id, role: 'user', content: '[{"type":"text","text":"x"}]' },
    { role: 'user', content: '[{"type":"text","text":"x"}]' },
  ],
  [
    'numbers where the schema has text stay text',
    'create_message',
    { thread_id, role: 'user', content: '42' },
    { role: 'user', content: '42' },
  ],
  [
    'instructions that are JSON stay text',
    'create_assistant',
    { model: 'm', instructions: '{"a":1}' },
    { model: 'm', instructions: '{"a":1}' },
  ],
];

/** The text "null" (Claude Code, claude-code#95239). */
export const nullTexts: readonly Case[] = [
  ['a cursor', 'list_runs', { thread_id, after: 'null', before: 'null' }, ''],
  ['a run', 'list_messages', { thread_id, run_id: 'null' }, ''],
  ['a model', 'create_run', { ...runArgs, model: 'null' }, { assistant_id }],
  ['a word of Python', 'list_runs', { thread_id, limit: 'None', after: 'None' }, ''],
  ['a word of JavaScript', 'list_runs', { thread_id, limit: 'undefined', order: 'undefined' }, ''],
  [
    'a text that is such a word',
    'create_message',
    { thread_id, role: 'user', content: 'None' },
    { role: 'user', content: 'None' },
  ],
  ['a number', 'create_run', { ...runArgs, temperature: 'null' }, { assistant_id }],
  ['a limit', 'list_assistants', { limit: 'null', order: 'null' }, ''],
  [
    'a list',
    'create_run',
    { ...runArgs, tools: ['null'], additional_messages: 'null' },
    { assistant_id },
  ],
  [
    'a setting that it clears',
    'modify_assistant',
    { assistant_id, reasoning_effort: 'null', metadata: 'null' },
    { reasoning_effort: null, metadata: null },
  ],
  [
    'a text, where it is a text',
    'modify_assistant',
    { assistant_id, name: 'null' },
    { name: 'null' },
  ],
  [
    'a message, where it is a text',
    'create_message',
    { thread_id, role: 'user', content: 'null' },
    { role: 'user', content: 'null' },
  ],
];
