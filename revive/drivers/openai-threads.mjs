import { deepEqual, equal } from 'node:assert/strict';
import { OpenAIThread } from 'openai-threads';
import { createAssistant } from './assistant.mjs';
import { echo, question, toolOutput } from './conversation.mjs';

const calls = [];
const thread = new OpenAIThread(await createAssistant());
thread.registerFunction('get_weather', (args) => {
  calls.push(args);
  return toolOutput;
});

async function ask(text) {
  await thread.createUserMessage(text);
  await thread.runThreadAndWait();
  const [part] = (await thread.getResponse()).content;
  return part.text.value;
}

await thread.createThread();
// It serializes outputs, texts included.
equal(await ask(question), `The tools said: ${JSON.stringify(toolOutput)}`);
equal(await ask('Thanks!'), echo(2, 'Thanks!'));
deepEqual(calls[0], { city: 'Oslo' });
