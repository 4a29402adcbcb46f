/* Objects as the hosted service returned them (contract, Appendix A). */

const created_at = 1_790_000_000;

export const ids = {
  assistant: 'asst_A1b2C3d4E5f6G7h8J9k0LmNp',
  thread: 'thread_Qr5St6Uv7Wx8Yz9Ab0Cd1Ef2',
  question: 'msg_U1ser2Msg3Aaa4Bbb5Ccc6Dd',
  reply: 'msg_R7eply8Msg9Eee0Fff1Ggg2H',
  run: 'run_Gh3Ij4Kl5Mn6Op7Qr8St9Uv0',
  toolStep: 'step_T1ool2Step3Aaa4Bbb5Ccc6D',
  messageStep: 'step_M7essage8Step9Ddd0Eee1Ff',
  call: 'call_W1eather2Call3Aaa4Bbb5Cc',
};

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather by city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
    strict: false,
  },
};

const usage = {
  prompt_tokens: 90,
  completion_tokens: 15,
  total_tokens: 105,
  prompt_token_details: { cached_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0 },
};

export const assistant = {
  id: ids.assistant,
  object: 'assistant',
  created_at,
  name: 'Demo',
  description: null,
  model: 'gpt-4.1-mini',
  instructions: 'Be brief.',
  tools: [weather],
  top_p: 1,
  temperature: 1,
  reasoning_effort: null,
  tool_resources: {},
  metadata: {},
  response_format: 'auto',
};

export const thread = {
  id: ids.thread,
  object: 'thread',
  created_at,
  metadata: {},
  tool_resources: {},
};

/** Over REST the hosted service omitted a message's status. */
export const question = {
  id: ids.question,
  object: 'thread.message',
  created_at,
  assistant_id: null,
  thread_id: ids.thread,
  run_id: null,
  role: 'user',
  content: [{ type: 'text', text: { value: 'Weather in Oslo?', annotations: [] } }],
  attachments: [],
  metadata: {},
};

export const reply = {
  ...question,
  id: ids.reply,
  created_at: created_at + 4,
  assistant_id: ids.assistant,
  run_id: ids.run,
  role: 'assistant',
  content: [
    {
      type: 'text',
      text: {
        value: 'It is -3C with snow【0:0†oslo.txt】.',
        annotations: [
          {
            type: 'file_citation',
            text: '【0:0†oslo.txt】',
            start_index: 19,
            end_index: 33,
            file_citation: { file_id: 'file-AbCdEfGhIjKlMnOpQrStUv' },
          },
        ],
      },
    },
  ],
};

const call = {
  id: ids.call,
  type: 'function',
  function: { name: 'get_weather', arguments: '{"city":"Oslo"}' },
};

export const completedRun = {
  id: ids.run,
  object: 'thread.run',
  created_at,
  assistant_id: ids.assistant,
  thread_id: ids.thread,
  status: 'completed',
  started_at: created_at + 3,
  expires_at: null,
  cancelled_at: null,
  failed_at: null,
  completed_at: created_at + 5,
  required_action: null,
  last_error: null,
  model: 'gpt-4.1-mini',
  instructions: 'Be brief.',
  tools: [weather],
  tool_resources: {},
  metadata: {},
  temperature: 1,
  top_p: 1,
  reasoning_effort: null,
  max_completion_tokens: null,
  max_prompt_tokens: null,
  truncation_strategy: { type: 'auto', last_messages: null },
  incomplete_details: null,
  usage,
  response_format: 'auto',
  tool_choice: 'auto',
  parallel_tool_calls: true,
};

const unfinishedRun = {
  ...completedRun,
  started_at: created_at + 1,
  expires_at: created_at + 600,
  completed_at: null,
  usage: null,
};

export const waitingRun = {
  ...unfinishedRun,
  status: 'requires_action',
  required_action: {
    type: 'submit_tool_outputs',
    submit_tool_outputs: { tool_calls: [call] },
  },
};

export const activeRun = (status: 'queued' | 'in_progress' | 'cancelling') => ({
  ...unfinishedRun,
  status,
});

/** The hosted service sent neither `expired_at` nor `metadata`. */
export const openToolStep = {
  id: ids.toolStep,
  object: 'thread.run.step',
  created_at: created_at + 2,
  run_id: ids.run,
  assistant_id: ids.assistant,
  thread_id: ids.thread,
  type: 'tool_calls',
  status: 'in_progress',
  cancelled_at: null,
  completed_at: null,
  expires_at: created_at + 600,
  failed_at: null,
  last_error: null,
  step_details: {
    type: 'tool_calls',
    tool_calls: [{ ...call, function: { ...call.function, output: null } }],
  },
  usage: null,
};

const completed = { status: 'completed', completed_at: created_at + 5, expires_at: null, usage };

export const toolStep = {
  ...openToolStep,
  ...completed,
  step_details: {
    type: 'tool_calls',
    tool_calls: [{ ...call, function: { ...call.function, output: '-3C, snow' } }],
  },
};

export const messageStep = {
  ...openToolStep,
  ...completed,
  id: ids.messageStep,
  created_at: created_at + 4,
  type: 'message_creation',
  step_details: { type: 'message_creation', message_creation: { message_id: ids.reply } },
};
