// The official SDK, of any version. Arguments: the version, and `azure` for its Azure client.
import { deepEqual, equal } from 'node:assert/strict';
import OpenAI, * as sdk from 'openai';
import { answer, echo, question, toolOutput, weatherTool } from './conversation.mjs';

const [version, kind] = process.argv.slice(2);
const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: apiKey } = process.env;
const apiVersion = '2024-05-01-preview';

function createAzureClient() {
  const endpoint = new URL(baseURL).origin;
  // Its users do not set this variable, which contradicts an endpoint.
  delete process.env.OPENAI_BASE_URL;
  if ('AzureOpenAI' in sdk) return new sdk.AzureOpenAI({ endpoint, apiKey, apiVersion });
  // Before there was a class for it, the SDK's readme said so.
  return new OpenAI({
    apiKey,
    baseURL: `${endpoint}/openai`,
    defaultQuery: { 'api-version': apiVersion },
    defaultHeaders: { 'api-key': apiKey },
  });
}

// Version 4.20 does not read OPENAI_BASE_URL.
const openai = kind === 'azure' ? createAzureClient() : new OpenAI({ baseURL });
const { assistants, threads } = openai.beta;
const hasStreams = 'createAndStream' in threads.runs || 'stream' in threads.runs;
// Since version 5, ids after the first are named parameters.
const isPositional = version.startsWith('4.');

const retrieveRun = (thread_id, id) =>
  isPositional ? threads.runs.retrieve(thread_id, id) : threads.runs.retrieve(id, { thread_id });

async function waitForRun({ id, thread_id }) {
  for (;;) {
    const run = await retrieveRun(thread_id, id);
    if (!['queued', 'in_progress'].includes(run.status)) return run;
  }
}

/** The final run and the streamed text. */
async function readStream(stream) {
  let text = '';
  stream.on('textDelta', ({ value }) => (text += value));
  return { run: await stream.finalRun(), text };
}

async function startRun(thread_id, assistant_id) {
  if (hasStreams) {
    const name = 'stream' in threads.runs ? 'stream' : 'createAndStream';
    return readStream(threads.runs[name](thread_id, { assistant_id }));
  }
  return { run: await waitForRun(await threads.runs.create(thread_id, { assistant_id })) };
}

async function submitOutputs({ id, thread_id, required_action }) {
  const [call, ...others] = required_action.submit_tool_outputs.tool_calls;
  deepEqual(others, []);
  equal(call.function.name, 'get_weather');
  deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });
  const tool_outputs = [{ tool_call_id: call.id, output: toolOutput }];
  const submit = (name) =>
    isPositional
      ? threads.runs[name](thread_id, id, { tool_outputs })
      : threads.runs[name](id, { thread_id, tool_outputs });
  if (hasStreams) return readStream(submit('submitToolOutputsStream'));
  return { run: await waitForRun(await submit('submitToolOutputs')) };
}

const assistant = await assistants.create({ model: 'gpt-4o', tools: [weatherTool] });
const thread = await threads.create({ messages: [{ role: 'user', content: question }] });
const asked = await startRun(thread.id, assistant.id);
equal(asked.run.status, 'requires_action');
const answered = await submitOutputs(asked.run);
equal(answered.run.status, 'completed');

await threads.messages.create(thread.id, { role: 'user', content: 'Thanks!' });
const ended = await startRun(thread.id, assistant.id);
equal(ended.run.status, 'completed');

const texts = [];
for await (const message of threads.messages.list(thread.id, { order: 'asc', limit: 2 })) {
  texts.push(message.content.map(({ text }) => text.value).join(''));
}
const answers = [answer, echo(2, 'Thanks!')];
deepEqual(texts, [question, answers[0], 'Thanks!', answers[1]]);
if (hasStreams) deepEqual([answered.text, ended.text], answers);

const { id: run_id, thread_id } = answered.run;
const steps = await (isPositional
  ? threads.runs.steps.list(thread_id, run_id)
  : threads.runs.steps.list(run_id, { thread_id }));
deepEqual(
  steps.data.map(({ type }) => type),
  ['message_creation', 'tool_calls'],
);
const { deleted } = await (isPositional ? threads.del(thread_id) : threads.delete(thread_id));
equal(deleted, true);
