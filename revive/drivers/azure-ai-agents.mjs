import { deepEqual, equal } from 'node:assert/strict';
import { AgentsClient } from '@azure/ai-agents';
import { answer, echo, question, toolOutput, weatherTool } from './conversation.mjs';

const { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: token } = process.env;
const credential = {
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
};
const project = `${new URL(baseUrl).origin}/api/projects/revive`;
const client = new AgentsClient(project, credential);

/** The text of a stream, and the run that it ended with. */
async function readStream(request) {
  let text = '';
  let run;
  for await (const { event, data } of await request.stream()) {
    if (event === 'thread.message.delta') text += data.delta.content[0].text.value;
    if (event.startsWith('thread.run.') && !event.startsWith('thread.run.step.')) run = data;
  }
  return { text, run };
}

const agent = await client.createAgent('gpt-4o', { name: 'Weather', tools: [weatherTool] });
const thread = await client.threads.create();
await client.messages.create(thread.id, 'user', question);
const asked = await readStream(client.runs.create(thread.id, agent.id));
equal(asked.run.status, 'requires_action');
const [call] = asked.run.requiredAction.submitToolOutputs.toolCalls;
deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });
const outputs = [{ toolCallId: call.id, output: toolOutput }];
const answered = await readStream(client.runs.submitToolOutputs(thread.id, asked.run.id, outputs));
equal(answered.text, answer);

await client.messages.create(thread.id, 'user', 'Thanks!');
const run = await client.runs.createAndPoll(thread.id, agent.id, {
  pollingOptions: { intervalInMs: 20 },
});
equal(run.status, 'completed');
const texts = [];
for await (const { content } of client.messages.list(thread.id, { order: 'asc' })) {
  texts.push(content[0].text.value);
}
deepEqual(texts, [question, answer, 'Thanks!', echo(2, 'Thanks!')]);
const threads = [];
for await (const { id } of client.threads.list()) threads.push(id);
deepEqual(threads, [thread.id]);
const { deleted } = await client.threads.delete(thread.id);
equal(deleted, true);
