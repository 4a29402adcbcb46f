// A chatflow of an OpenAI assistant with the calculator; PGlite is the database.
import { deepEqual, equal } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { echo } from './conversation.mjs';
import { startDatabase } from './database.mjs';

const { OPENAI_API_KEY: openAIApiKey, REVIVE_PROGRAM: folder } = process.env;

async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return String(port);
}

const PORT = await findFreePort();
const env = {
  ...process.env,
  PORT,
  DATABASE_TYPE: 'postgres',
  DATABASE_HOST: '127.0.0.1',
  DATABASE_PORT: await startDatabase(),
  DATABASE_USER: 'postgres',
  DATABASE_PASSWORD: 'postgres',
  DATABASE_NAME: 'postgres',
  DISABLE_FLOWISE_TELEMETRY: 'true',
};
const program = join(folder, 'node_modules/flowise/bin/run');
const flowise = spawn(process.execPath, [program, 'start'], { env, stdio: 'inherit' });
process.on('exit', () => flowise.kill());

const url = `http://127.0.0.1:${PORT}/api/v1`;
const internal = { 'x-request-from': 'internal' };
/** It listens before it has opened its database. */
const isUp = () =>
  fetch(`${url}/chatflows`, { headers: internal }).then(
    ({ ok }) => ok,
    () => false,
  );
while (!(await isUp())) {
  equal(flowise.exitCode, null, 'Flowise ended while it started.');
  await setTimeout(200);
}

async function send(path, body) {
  const headers = { 'content-type': 'application/json', ...internal };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await fetch(`${url}/${path}`, body === undefined ? { headers } : init);
  const text = await response.text();
  equal(response.ok, true, `${path}: ${text}`);
  return text.startsWith('{') ? JSON.parse(text) : text;
}

const isAnchor = ({ type }) => ['Tool', 'Moderation'].includes(type);

/** A node of a flow, with the definition that the server has of it. */
async function createNode(name, inputs = {}) {
  const definition = await send(`nodes/${name}`);
  const id = `${name}_0`;
  const { inputs: fields = [] } = definition;
  const inputAnchors = fields.filter(isAnchor);
  const inputParams = fields.filter((field) => !isAnchor(field));
  const data = { ...definition, id, inputs, inputAnchors, inputParams, outputAnchors: [] };
  return { id, type: 'customNode', data };
}

const credential = await send('credentials', {
  name: 'OpenAI',
  credentialName: 'openAIApi',
  plainDataObj: { openAIApiKey },
});
const details = { name: 'Calculator', instructions: 'Be brief.', model: 'gpt-4o', tools: [] };
const assistant = await send('assistants', {
  credential: credential.id,
  type: 'OPENAI',
  details: JSON.stringify(details),
});
const calculator = await createNode('calculator');
const agent = await createNode('openAIAssistant', {
  selectedAssistant: assistant.id,
  tools: ['{{calculator_0.data.instance}}'],
  toolChoice: '',
  parallelToolCalls: true,
});
const edge = { id: 'edge', source: 'calculator_0', target: 'openAIAssistant_0' };
const flow = { nodes: [calculator, agent], edges: [edge] };
const { id } = await send('chatflows', {
  name: 'Calculator',
  type: 'CHATFLOW',
  flowData: JSON.stringify(flow),
});

const question = 'Call calculator with {"input":"2+3"}.';
const first = await send(`prediction/${id}`, { question });
equal(first.text, 'The tools said: 5');
deepEqual(
  first.usedTools.map(({ tool, toolOutput }) => [tool, toolOutput]),
  [['calculator', '5']],
);
const { chatId } = first;
const stream = await send(`prediction/${id}`, { question: 'Thanks!', chatId, streaming: true });
const tokens = [...stream.matchAll(/\{"event":"token","data":"((?:[^"\\]|\\.)*)"\}/gu)];
equal(JSON.parse(`"${tokens.map(([, text]) => text).join('')}"`), echo(2, 'Thanks!'));
process.exit();
