// Three graphs of Rivet's OpenAI plugin. It calls OpenAI's address, so its requests are redirected.
import { deepEqual, equal } from 'node:assert/strict';
import * as rivet from '@ironclad/rivet-node';
import { createAssistant } from './assistant.mjs';
import { answer, echo, question, toolOutput, weatherParameters } from './conversation.mjs';

const { OPENAI_BASE_URL: baseURL, OPENAI_API_KEY: openAiKey } = process.env;
const direct = globalThis.fetch;
globalThis.fetch = (url, init) => direct(url.replace('https://api.openai.com/v1', baseURL), init);

const registry = rivet.globalRivetNodeRegistry;
registry.registerPlugin(rivet.plugins.openai);

let nodeCount = 0;
const node = (type, data) => ({
  id: `node-${(nodeCount += 1)}`,
  type,
  title: type,
  visualData: { x: 0, y: 0, width: 200 },
  data,
});
const input = (id) => node('graphInput', { id, dataType: 'string', useDefaultValueInput: false });
const output = (id) => node('graphOutput', { id, dataType: 'any' });
const connect = (outputNode, outputId, inputNode, inputId) => ({
  outputNodeId: outputNode.id,
  outputId,
  inputNodeId: inputNode.id,
  inputId,
});
const graph = (id, connections, nodes) => [
  id,
  { metadata: { id, name: id, description: '' }, nodes, connections },
];

const assistantId = await createAssistant();
const runThread = (settings) =>
  node('openaiRunThread', {
    ...registry.create('openaiRunThread').data,
    assistantId,
    toolCallHandlers: [{ key: 'get_weather', value: 'weather' }],
    ...settings,
  });

function askGraph() {
  const prompt = input('prompt');
  const weather = node('gptFunction', {
    name: 'get_weather',
    description: 'The current weather of a city.',
    schema: JSON.stringify(weatherParameters),
  });
  const run = runThread({ createThread: true });
  const [steps, messages] = [output('steps'), output('messages')];
  const connections = [
    connect(prompt, 'data', run, 'messages'),
    connect(weather, 'function', run, 'functions'),
    connect(run, 'steps', steps, 'value'),
    connect(run, 'last_assistant_messages', messages, 'value'),
  ];
  return graph('ask', connections, [prompt, weather, run, steps, messages]);
}

function weatherGraph() {
  const text = node('text', { text: toolOutput });
  const result = output('output');
  return graph('weather', [connect(text, 'output', result, 'value')], [text, result]);
}

function addMessageGraph() {
  const [thread, prompt] = [input('thread'), input('prompt')];
  const message = registry.create('openaiCreateThreadMessage');
  const id = output('id');
  const connections = [
    connect(thread, 'data', message, 'threadId'),
    connect(prompt, 'data', message, 'content'),
    connect(message, 'messageId', id, 'value'),
  ];
  return graph('add', connections, [thread, prompt, message, id]);
}

function runGraph() {
  const thread = input('thread');
  const run = runThread({ createThread: false, useThreadIdInput: true });
  const messages = output('messages');
  const connections = [
    connect(thread, 'data', run, 'threadId'),
    connect(run, 'last_assistant_messages', messages, 'value'),
  ];
  return graph('run', connections, [thread, run, messages]);
}

const project = {
  metadata: { id: 'project', title: 'Weather', description: '' },
  graphs: Object.fromEntries([askGraph(), weatherGraph(), addMessageGraph(), runGraph()]),
  plugins: [{ type: 'built-in', id: 'openai', name: 'openai' }],
};
const run = (name, inputs) => rivet.runGraph(project, { graph: name, inputs, openAiKey, registry });
const textOf = ({ messages }) => messages.value.map(({ content }) => content[0].text.value);

const asked = await run('ask', { prompt: question });
deepEqual(textOf(asked), [answer]);
const [call] = asked.steps.value.at(-1).step_details.tool_calls;
deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo' });
equal(call.function.output, toolOutput);

const { thread_id: thread } = asked.messages.value[0];
await run('add', { thread, prompt: 'Thanks!' });
deepEqual(textOf(await run('run', { thread })), [echo(2, 'Thanks!')]);
