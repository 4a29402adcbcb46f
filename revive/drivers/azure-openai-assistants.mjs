// Argument: `openai` for its client of OpenAI; otherwise its client of Azure.
import { deepEqual, equal } from 'node:assert/strict';
import {
  AssistantsClient,
  AzureKeyCredential,
  OpenAIKeyCredential,
} from '@azure/openai-assistants';
import { answer, echo, question, toolOutput, weatherTool } from './conversation.mjs';

const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: token } = process.env;
const client =
  process.argv[2] === 'openai'
    ? new AssistantsClient(new OpenAIKeyCredential(token), {
        baseUrl,
        allowInsecureConnection: true,
      })
    : new AssistantsClient(new URL(baseUrl).origin, new AzureKeyCredential(token));

async function waitForRun({ id, threadId }) {
  for (;;) {
    const run = await client.getRun(threadId, id);
    if (!['queued', 'in_progress'].includes(run.status)) return run;
  }
}

const { id: assistantId } = await client.createAssistant({
  model: 'gpt-4o',
  name: 'Weather',
  tools: [weatherTool],
});
const { id: threadId } = await client.createThread();
await client.createMessage(threadId, 'user', question);
const asked = await waitForRun(await client.createRun(threadId, { assistantId }));
const [call] = asked.requiredAction.submitToolOutputs.toolCalls;
deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });
const outputs = [{ toolCallId: call.id, output: toolOutput }];
const answered = await waitForRun(await client.submitToolOutputsToRun(threadId, asked.id, outputs));
equal(answered.status, 'completed');
await client.createMessage(threadId, 'user', 'Thanks!');
await waitForRun(await client.createRun(threadId, { assistantId }));
const { data } = await client.listMessages(threadId, { order: 'asc' });
deepEqual(
  data.map(({ content }) => content[0].text.value),
  [question, answer, 'Thanks!', echo(2, 'Thanks!')],
);
const steps = await client.listRunSteps(threadId, asked.id, { order: 'asc' });
deepEqual(
  steps.data.map(({ type }) => type),
  ['tool_calls', 'message_creation'],
);
const { deleted } = await client.deleteThread(threadId);
equal(deleted, true);
