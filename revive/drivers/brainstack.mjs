import { deepEqual, equal } from 'node:assert/strict';
import { OpenAIAssistant } from '@brainstack/openai-assistantapi';
import { createAssistant } from './assistant.mjs';
import { echo, question, toolOutput } from './conversation.mjs';

const calls = [];
const answers = [];
const assistant = new OpenAIAssistant(
  { apiKey: process.env.OPENAI_API_KEY },
  await createAssistant(),
);
assistant.addTool('get_weather', (args) => {
  calls.push(JSON.parse(args));
  return toolOutput;
});
assistant.on('run_completed', ({ respmsg }) => answers.push(respmsg.data[0].content[0].text.value));
await assistant.initThread();
for (const text of [question, 'Thanks!']) {
  await assistant.addMessage(text);
  await assistant.run();
  equal(assistant.getStatus(), 'completed');
}
// It serializes outputs, texts included.
deepEqual(answers, [`The tools said: ${JSON.stringify(toolOutput)}`, echo(2, 'Thanks!')]);
deepEqual(calls, [{ city: 'Oslo' }]);
