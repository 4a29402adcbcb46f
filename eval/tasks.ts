/** What a user asks, and the call that an agent should make first. */
export interface Task {
  readonly words: string;
  readonly tool: string;
  /** Arguments that the call must have; it may have others. A pattern is for free text. */
  readonly args: Readonly<Record<string, unknown>>;
}

const asst = 'asst_abc123';
const thread_id = 'thread_abc123';
const run_id = 'run_abc123';
const message_id = 'msg_abc123';
const onRun = `run ${run_id} of thread ${thread_id}`;
const onMessage = `message ${message_id} of thread ${thread_id}`;
const ids = { thread_id, run_id };
const messageIds = { thread_id, message_id };
const question = (content: RegExp) => [{ role: 'user', content }];

/** Forty tasks: every tool at least once, the main job most often. */
export const tasks: readonly Task[] = [
  {
    words: `Start a new conversation with assistant ${asst}: ask it why the sky is blue.`,
    tool: 'create_thread_and_run',
    args: { assistant_id: asst, thread: { messages: question(/sky/iu) } },
  },
  { words: 'Which files are stored?', tool: 'list_files', args: {} },
  {
    words: `Ask ${asst} in a new thread for a haiku about snow, but do not wait for the answer.`,
    tool: 'create_thread_and_run',
    args: { assistant_id: asst, wait_seconds: 0, thread: { messages: question(/haiku/iu) } },
  },
  {
    words: `Continue thread ${thread_id} with assistant ${asst}: ask "And in winter?"`,
    tool: 'create_run',
    args: { thread_id, assistant_id: asst, additional_messages: question(/in winter/iu) },
  },
  { words: 'How large is file-abc123?', tool: 'get_file', args: { file_id: 'file-abc123' } },
  {
    words: `The messages are already in ${thread_id}. Run ${asst} on it, with gpt-4.1 instead of its own model.`,
    tool: 'create_run',
    args: { thread_id, assistant_id: asst, model: 'gpt-4.1' },
  },
  {
    words: `Run ${asst} on ${thread_id}; add to its instructions that it answers in German.`,
    tool: 'create_run',
    args: { thread_id, assistant_id: asst, additional_instructions: /german/iu },
  },
  {
    words: `Is ${onRun} done? Wait up to 40 seconds.`,
    tool: 'get_run',
    args: { ...ids, wait_seconds: 40 },
  },
  {
    words: 'Show me what is in file-abc123.',
    tool: 'get_file_content',
    args: { file_id: 'file-abc123' },
  },
  {
    words: `Show me everything the API knows of ${onRun}, its instructions and tools, too.`,
    tool: 'get_run',
    args: { ...ids, verbose: true },
  },
  { words: `Stop ${onRun}.`, tool: 'cancel_run', args: ids },
  { words: `Which runs does ${thread_id} have?`, tool: 'list_runs', args: { thread_id } },
  {
    words: `Show the oldest three runs of ${thread_id}.`,
    tool: 'list_runs',
    args: { thread_id, limit: 3, order: 'asc' },
  },
  {
    words: `Label ${onRun} with the metadata reviewed = yes.`,
    tool: 'modify_run',
    args: { ...ids, metadata: { reviewed: 'yes' } },
  },
  {
    words: `The function call call_1 of ${onRun} returned: 21 degrees. Hand that over.`,
    tool: 'submit_tool_outputs',
    args: { ...ids, tool_outputs: [{ tool_call_id: 'call_1', output: /21/u }] },
  },
  {
    words: `${onRun} waits for call_a and call_b. The results are 4 and 9.`,
    tool: 'submit_tool_outputs',
    args: {
      ...ids,
      tool_outputs: [
        { tool_call_id: 'call_a', output: /4/u },
        { tool_call_id: 'call_b', output: /9/u },
      ],
    },
  },
  {
    words: `Which tools did ${onRun} call, and with what outputs?`,
    tool: 'list_run_steps',
    args: ids,
  },
  {
    words: `Show step step_abc123 of ${onRun}.`,
    tool: 'get_run_step',
    args: { ...ids, step_id: 'step_abc123' },
  },
  {
    words: `Read the conversation in ${thread_id} from the beginning.`,
    tool: 'list_messages',
    args: { thread_id, order: 'asc' },
  },
  { words: 'Delete file-abc123.', tool: 'delete_file', args: { file_id: 'file-abc123' } },
  { words: `Only the messages that ${onRun} wrote, please.`, tool: 'list_messages', args: ids },
  {
    words: `The last page of messages of ${thread_id} ended with msg_9. Show the next one.`,
    tool: 'list_messages',
    args: { thread_id, after: 'msg_9' },
  },
  { words: `Read the full text of ${onMessage}.`, tool: 'get_message', args: messageIds },
  {
    words: `Note "Call me tomorrow" in ${thread_id} as a user message; no assistant has to answer.`,
    tool: 'create_message',
    args: { thread_id, role: 'user', content: /tomorrow/iu },
  },
  {
    words: `Tag ${onMessage} with the metadata topic = billing.`,
    tool: 'modify_message',
    args: { ...messageIds, metadata: { topic: 'billing' } },
  },
  { words: `Remove ${onMessage} for good.`, tool: 'delete_message', args: messageIds },
  { words: `Which files belong to ${onMessage}?`, tool: 'list_message_files', args: messageIds },
  {
    words: `When was file-abc123 linked to ${onMessage}?`,
    tool: 'get_message_file',
    args: { ...messageIds, file_id: 'file-abc123' },
  },
  { words: 'Create an empty thread; I will fill it later.', tool: 'create_thread', args: {} },
  { words: 'Which conversations exist on this server?', tool: 'list_threads', args: {} },
  { words: `What metadata does ${thread_id} have?`, tool: 'get_thread', args: { thread_id } },
  {
    words: `Set the metadata customer = 42 on ${thread_id}.`,
    tool: 'modify_thread',
    args: { thread_id, metadata: { customer: '42' } },
  },
  {
    words: `Delete the whole conversation ${thread_id}.`,
    tool: 'delete_thread',
    args: { thread_id },
  },
  {
    words: 'Make an assistant called Tutor on gpt-4.1-mini that explains things in one paragraph.',
    tool: 'create_assistant',
    args: { model: 'gpt-4.1-mini', name: 'Tutor', instructions: /paragraph/iu },
  },
  {
    words: `Clear the description of assistant ${asst}.`,
    tool: 'modify_assistant',
    args: { assistant_id: asst, description: null },
  },
  { words: 'Which assistants do I have?', tool: 'list_assistants', args: {} },
  {
    words: `What are the instructions of ${asst}?`,
    tool: 'get_assistant',
    args: { assistant_id: asst },
  },
  { words: `Delete assistant ${asst}.`, tool: 'delete_assistant', args: { assistant_id: asst } },
  { words: 'Which models can I choose from?', tool: 'list_models', args: {} },
  {
    words: 'Upload a file notes.txt with the text "Buy milk".',
    tool: 'upload_file',
    args: { filename: 'notes.txt', text: /milk/iu },
  },
];
