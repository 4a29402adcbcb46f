import { deepEqual } from 'node:assert/strict';
import teams from '@microsoft/teams-ai';
import { MemoryStorage, TestAdapter } from 'botbuilder';
import { answer, echo, question, toolOutput, weatherTool } from './conversation.mjs';

const { Application, preview } = teams;
const { AssistantsPlanner } = preview;
const apiKey = process.env.OPENAI_API_KEY;
const { id: assistant_id } = await AssistantsPlanner.createAssistant(apiKey, {
  model: 'gpt-4o',
  name: 'Weather',
  tools: [weatherTool],
});
const planner = new AssistantsPlanner({ apiKey, assistant_id, polling_interval: 20 });
const app = new Application({ storage: new MemoryStorage(), ai: { planner } });

const calls = [];
app.ai.action('get_weather', async (_context, _state, args) => {
  calls.push(args);
  return toolOutput;
});

const replies = [];
const adapter = new TestAdapter((context) => app.run(context));
for (const text of [question, 'Thanks!']) {
  await adapter.send(text);
  replies.push(...adapter.activeQueue.splice(0));
}
deepEqual(
  replies.filter(({ type }) => type === 'message').map(({ text }) => text),
  [answer, echo(2, 'Thanks!')],
);
deepEqual(calls, [{ city: 'Oslo' }]);
