/* What the pictures show: a day of a travel agency, as objects of the API. */

/** When the pictures are taken, in Unix seconds. */
export const now = Date.UTC(2026, 8, 15, 14, 30) / 1000;

const weatherTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather of a day in a city',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string', description: 'A city, with its country if there are several' },
        day: { type: 'string', description: 'A date, or today' },
      },
      required: ['city'],
    },
  },
};

export const assistants = [
  { id: 'asst_packing', name: 'Packing advisor', model: 'gpt-4.1-mini' },
  { id: 'asst_refunds', name: 'Refunds', model: 'gpt-4.1' },
].map((assistant) => ({
  ...assistant,
  object: 'assistant',
  created_at: now - 30 * 86_400,
  instructions: 'Answer from the handbook, and look up the weather before you advise on clothes.',
  tools: [weatherTool, { type: 'file_search' }],
  metadata: {},
}));

type Status = 'completed' | 'failed' | 'cancelled' | 'requires_action';

export interface Conversation {
  readonly id: string;
  readonly assistant_id: string;
  readonly model: string;
  readonly created_at: number;
  readonly question: string;
  readonly reply: string | null;
  readonly status: Status;
  readonly seconds: number;
  readonly tokens: number;
}

export const text = (value: string, annotations: readonly object[] = []) => [
  { type: 'text', text: { value, annotations } },
];

export const usageOf = (tokens: number) => ({
  prompt_tokens: Math.round(tokens * 0.8),
  completion_tokens: tokens - Math.round(tokens * 0.8),
  total_tokens: tokens,
});

const idsOf = ({ id }: Conversation) => ({
  thread_id: `thread_${id}`,
  run_id: `run_${id}`,
});

function runOf(conversation: Conversation) {
  const { assistant_id, created_at, model, status, seconds, tokens } = conversation;
  const { thread_id, run_id } = idsOf(conversation);
  const end = created_at + seconds;
  return {
    object: 'thread.run',
    id: run_id,
    thread_id,
    assistant_id,
    created_at,
    status,
    started_at: created_at + 1,
    completed_at: status === 'completed' ? end : null,
    failed_at: status === 'failed' ? end : null,
    cancelled_at: status === 'cancelled' ? end : null,
    expires_at: null,
    required_action: null,
    last_error:
      status === 'failed'
        ? { code: 'server_error', message: 'The model endpoint answered with 503.' }
        : null,
    model,
    instructions: assistants[0]?.instructions ?? '',
    tools: assistants[0]?.tools ?? [],
    metadata: {},
    usage: usageOf(tokens),
    temperature: 1,
    top_p: 1,
    tool_choice: 'auto',
    parallel_tool_calls: true,
    response_format: 'auto',
    truncation_strategy: { type: 'auto', last_messages: null },
  };
}

function messagesOf(conversation: Conversation) {
  const { assistant_id, created_at, question, reply, seconds } = conversation;
  const { thread_id, run_id } = idsOf(conversation);
  const message = { object: 'thread.message', thread_id, metadata: {}, attachments: [] };
  return [
    {
      ...message,
      id: `msg_question_${conversation.id}`,
      created_at,
      role: 'user',
      assistant_id: null,
      run_id: null,
      content: text(question),
    },
    ...(reply === null
      ? []
      : [
          {
            ...message,
            id: `msg_reply_${conversation.id}`,
            created_at: created_at + seconds,
            role: 'assistant',
            assistant_id,
            run_id,
            content: text(reply),
          },
        ]),
  ];
}

export const objectsOf = (conversation: Conversation): readonly object[] => [
  {
    object: 'thread',
    id: `thread_${conversation.id}`,
    created_at: conversation.created_at,
    metadata: {},
  },
  ...messagesOf(conversation),
  runOf(conversation),
];
