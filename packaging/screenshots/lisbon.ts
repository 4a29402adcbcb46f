import { type Conversation, now, objectsOf, text, usageOf } from './conversation.ts';

/** The conversation that is shown in full. */
const lisbon: Conversation = {
  id: 'lisbon',
  assistant_id: 'asst_packing',
  model: 'gpt-4.1-mini',
  created_at: now - 120,
  question:
    'I fly to Lisbon today, with hand luggage only. What should I wear, and may I take an umbrella?',
  reply: null,
  status: 'completed',
  seconds: 9,
  tokens: 1214,
};

const mark = '【4:0†handbook.md】';

const answer = [
  'It is 19 °C with light rain until the evening:\n',
  '- **a light rain jacket**, and shoes that may get wet',
  '- one warm layer for the evening, when it cools to 14 °C',
  `- a folding umbrella is allowed in hand luggage${mark}; a long one with a metal tip is not\n`,
  '| Time | Weather | Temperature |',
  '| --- | --- | --- |',
  '| 15:00 | light rain | 19 °C |',
  '| 21:00 | dry | 14 °C |',
].join('\n');

const stepOf = (id: string, start: number, end: number, step_details: object, tokens: number) => ({
  object: 'thread.run.step',
  id: `step_${id}`,
  run_id: 'run_lisbon',
  thread_id: 'thread_lisbon',
  assistant_id: lisbon.assistant_id,
  type: 'tool_calls',
  status: 'completed',
  created_at: lisbon.created_at + start,
  completed_at: lisbon.created_at + end,
  cancelled_at: null,
  failed_at: null,
  expired_at: null,
  last_error: null,
  metadata: {},
  usage: usageOf(tokens),
  step_details,
});

const passage =
  'Umbrellas: folding umbrellas may be carried in the cabin. Long umbrellas with a metal tip go into the hold.';

const lisbonSteps = [
  stepOf(
    'search',
    2,
    3,
    {
      type: 'tool_calls',
      tool_calls: [
        {
          id: 'call_search',
          type: 'file_search',
          file_search: {
            ranking_options: { ranker: 'auto', score_threshold: 0 },
            results: [
              {
                file_id: 'file-handbook',
                file_name: 'handbook.md',
                score: 0.87,
                content: [{ type: 'text', text: passage }],
              },
            ],
          },
        },
      ],
    },
    402,
  ),
  stepOf(
    'weather',
    4,
    7,
    {
      type: 'tool_calls',
      tool_calls: [
        {
          id: 'call_weather',
          type: 'function',
          function: {
            name: 'get_weather',
            arguments: '{"city":"Lisbon","day":"today"}',
            output: '{"sky":"light rain","temperature":19,"evening":14}',
          },
        },
      ],
    },
    330,
  ),
  {
    ...stepOf(
      'reply',
      8,
      9,
      { type: 'message_creation', message_creation: { message_id: 'msg_reply_lisbon' } },
      482,
    ),
    type: 'message_creation',
  },
];

const lisbonReply = {
  object: 'thread.message',
  id: 'msg_reply_lisbon',
  thread_id: 'thread_lisbon',
  created_at: lisbon.created_at + 9,
  role: 'assistant',
  assistant_id: lisbon.assistant_id,
  run_id: 'run_lisbon',
  metadata: {},
  attachments: [],
  content: text(answer, [
    {
      type: 'file_citation',
      text: mark,
      start_index: answer.indexOf(mark),
      end_index: answer.indexOf(mark) + mark.length,
      file_citation: { file_id: 'file-handbook' },
    },
  ]),
};

const handbook = {
  object: 'file',
  id: 'file-handbook',
  bytes: passage.length,
  created_at: now - 20 * 86_400,
  filename: 'handbook.md',
  purpose: 'assistants',
};

const handbookContent = {
  object: 'file.content',
  file_id: handbook.id,
  position: 0,
  data: Buffer.from(passage).toString('base64'),
};

/** The conversation with its run, in the order of an import. */
export const lisbonObjects: readonly object[] = [
  handbook,
  handbookContent,
  ...objectsOf(lisbon),
  lisbonReply,
  ...lisbonSteps,
];
