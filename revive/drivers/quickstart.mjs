// The calls of OpenAI's Assistants quickstart and of its page on function calling.
import { deepEqual, equal } from 'node:assert/strict';
import OpenAI from 'openai';

const openai = new OpenAI();
const { assistants, threads } = openai.beta;

async function tutor() {
  const { id: assistant_id } = await assistants.create({
    name: 'Math Tutor',
    instructions: 'You are a personal math tutor. Write and run code to answer math questions.',
    tools: [{ type: 'code_interpreter' }],
    model: 'gpt-4o',
  });
  const { id: thread } = await threads.create();
  const content = 'I need to solve the equation `3x + 11 = 14`. Can you help me?';
  await threads.messages.create(thread, { role: 'user', content });
  const instructions = 'Please address the user as Jane Doe. The user has a premium account.';
  const run = await threads.runs.createAndPoll(thread, { assistant_id, instructions });
  equal(run.status, 'completed');
  const messages = await threads.messages.list(run.thread_id);
  deepEqual(
    messages.data.toReversed().map((message) => [message.role, message.content[0].text.value]),
    [
      ['user', content],
      ['assistant', `Message 1 was: ${content}`],
    ],
  );
  let text = '';
  await threads.runs
    .stream(thread, { assistant_id })
    .on('textCreated', () => (text += 'assistant > '))
    .on('textDelta', ({ value }) => (text += value))
    .finalRun();
  equal(text, `assistant > Message 1 was: ${content}`);
}

const outputs = { getCurrentTemperature: '57', getRainProbability: '0.06' };
const functionTool = (name) => ({
  type: 'function',
  function: {
    name,
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' } },
      required: ['location'],
    },
  },
});

/** The text of a stream, after the outputs of all functions. */
async function readStream(stream) {
  let text = '';
  for await (const { event, data } of stream) {
    if (event === 'thread.message.delta') text += data.delta.content[0].text.value;
    if (event !== 'thread.run.requires_action') continue;
    const tool_outputs = data.required_action.submit_tool_outputs.tool_calls.map((call) => ({
      tool_call_id: call.id,
      output: outputs[call.function.name],
    }));
    const params = { tool_outputs };
    return readStream(threads.runs.submitToolOutputsStream(data.thread_id, data.id, params));
  }
  return text;
}

async function weatherBot() {
  const { id: assistant_id } = await assistants.create({
    model: 'gpt-4o',
    instructions: 'You are a weather bot. Use the provided functions to answer questions.',
    tools: Object.keys(outputs).map(functionTool),
  });
  const { id: thread } = await threads.create();
  const place = '{"location":"San Francisco, CA"}';
  const content = `Call getCurrentTemperature with ${place} and call getRainProbability with ${place}.`;
  await threads.messages.create(thread, { role: 'user', content });
  const text = await readStream(threads.runs.stream(thread, { assistant_id }));
  equal(text, 'The tools said: 57; 0.06');
}

await tutor();
await weatherBot();
