import { deepEqual } from 'node:assert/strict';
import promptfoo from 'promptfoo';
import { createAssistant } from './assistant.mjs';
import { answer, echo, question, toolOutput } from './conversation.mjs';

const calls = [];
const get_weather = async (args) => {
  calls.push(args);
  return toolOutput;
};
const conversation = [
  { role: 'user', content: question },
  { role: 'assistant', content: answer },
  { role: 'user', content: 'Thanks!' },
];
const expected = { Question: answer, Conversation: echo(2, 'Thanks!') };
const outcome = await promptfoo.evaluate(
  {
    providers: [
      {
        id: `openai:assistant:${await createAssistant()}`,
        config: { functionToolCallbacks: { get_weather } },
      },
    ],
    prompts: ['{{prompt}}'],
    tests: [
      { vars: { prompt: question }, assert: [{ type: 'contains', value: expected.Question }] },
      {
        vars: { prompt: JSON.stringify(conversation) },
        assert: [{ type: 'contains', value: expected.Conversation }],
      },
    ],
    writeLatestResults: false,
  },
  { maxConcurrency: 1, cache: false, showProgressBar: false },
);
const { results = [] } = await (outcome.toEvaluateSummary?.() ?? outcome);
deepEqual(
  results.map(({ success, error = null }) => ({ success, error })),
  [
    { success: true, error: null },
    { success: true, error: null },
  ],
);
deepEqual(calls, [{ city: 'Oslo' }]);
process.exit();
