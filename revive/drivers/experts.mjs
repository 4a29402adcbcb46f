import { deepEqual, equal } from 'node:assert/strict';
import { createRequire } from 'node:module';
import { answer, echo, question, toolOutput, weatherTool } from './conversation.mjs';

// Its bundle looks for the `require` of CommonJS.
globalThis.require = createRequire(import.meta.url);
const { Assistant, Thread, Tool } = await import('experts');

const calls = [];

class WeatherTool extends Tool {
  constructor() {
    super({ name: 'Weather', llm: false, parentsTools: [weatherTool] });
  }
  ask(args) {
    calls.push(JSON.parse(args));
    return toolOutput;
  }
}

class Main extends Assistant {
  constructor() {
    super({ name: 'Main', instructions: 'Be brief.', model: 'gpt-4o' });
    this.addAssistantTool(WeatherTool);
  }
}

const assistant = await Main.create();
const thread = await Thread.create();
let streamed = '';
assistant.on('textDelta', ({ value }) => (streamed += value));
equal(await assistant.ask(question, thread.id), answer);
equal(await assistant.ask('Thanks!', thread.id), echo(2, 'Thanks!'));
deepEqual(calls, [{ city: 'Oslo' }]);
equal(streamed, answer + echo(2, 'Thanks!'));
