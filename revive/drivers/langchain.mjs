// Argument: the package, `langchain` or `@langchain/classic`.
import { deepEqual, equal } from 'node:assert/strict';
import { answer, echo, question, toolOutput } from './conversation.mjs';

const [name] = process.argv.slice(2);
const { OpenAIAssistantRunnable } = await import(`${name}/experimental/openai_assistant`);
const { AgentExecutor } = await import(`${name}/agents`);
const { DynamicStructuredTool } = await import('@langchain/core/tools');
const { z } = await import('zod');

const calls = [];
const tool = new DynamicStructuredTool({
  name: 'get_weather',
  description: 'The current weather of a city.',
  schema: z.object({ city: z.string() }),
  func: async (args) => {
    calls.push(args);
    return toolOutput;
  },
});
const settings = {
  model: 'gpt-4o',
  name: 'Weather',
  instructions: 'Be brief.',
  tools: [tool],
  pollIntervalMs: 20,
  clientOptions: { baseURL: process.env.OPENAI_BASE_URL },
};

const agent = await OpenAIAssistantRunnable.createAssistant({ ...settings, asAgent: true });
agent.pollIntervalMs = settings.pollIntervalMs;
const executor = AgentExecutor.fromAgentAndTools({
  agent,
  tools: [tool],
  returnIntermediateSteps: true,
});
const { output, intermediateSteps } = await executor.invoke({ content: question });
const { threadId } = intermediateSteps[0].action;
equal(output, answer);
deepEqual(calls, [{ city: 'Oslo' }]);
const second = await executor.invoke({ content: 'Thanks!', threadId });
equal(second.output, echo(2, 'Thanks!'));

const runnable = await OpenAIAssistantRunnable.createAssistant(settings);
const [message] = await runnable.invoke({ content: 'Hello.' });
equal(message.content[0].text.value, echo(1, 'Hello.'));
const { deleted } = await runnable.deleteAssistant();
equal(deleted, true);
