import { deepEqual, equal } from 'node:assert/strict';
import { Portkey } from 'portkey-ai';
import { answer, echo, question, toolOutput, weatherTool } from './conversation.mjs';

const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: token } = process.env;
const portkey = new Portkey({
  apiKey: 'portkey-key',
  Authorization: `Bearer ${token}`,
  provider: 'openai',
  baseURL,
});
const { assistants, threads } = portkey.beta;

async function waitForRun({ id, thread_id }) {
  for (;;) {
    const run = await threads.runs.retrieve(id, { thread_id });
    if (!['queued', 'in_progress'].includes(run.status)) return run;
  }
}

const { id: assistant_id } = await assistants.create({ model: 'gpt-4o', tools: [weatherTool] });
const thread = await threads.create({ messages: [{ role: 'user', content: question }] });
const asked = await waitForRun(await threads.runs.create(thread.id, { assistant_id }));
const [call] = asked.required_action.submit_tool_outputs.tool_calls;
deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });
const tool_outputs = [{ tool_call_id: call.id, output: toolOutput }];
await waitForRun(
  await threads.runs.submitToolOutputs(asked.id, { thread_id: thread.id, tool_outputs }),
);
await threads.messages.create(thread.id, { role: 'user', content: 'Thanks!' });
const ended = await waitForRun(await threads.runs.create(thread.id, { assistant_id }));
equal(ended.status, 'completed');
const { data } = await threads.messages.list(thread.id, { order: 'asc' });
deepEqual(
  data.map(({ content }) => content[0].text.value),
  [question, answer, 'Thanks!', echo(2, 'Thanks!')],
);
