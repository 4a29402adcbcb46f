// `n8n execute` on a workflow of OpenAI nodes and a code tool; PGlite is its database.
import { deepEqual, equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answer, echo, question, toolOutput, weatherParameters } from './conversation.mjs';
import { startDatabase } from './database.mjs';

const { OPENAI_BASE_URL: url, OPENAI_API_KEY: apiKey, REVIVE_PROGRAM: folder } = process.env;

const env = {
  ...process.env,
  DB_TYPE: 'postgresdb',
  DB_POSTGRESDB_HOST: '127.0.0.1',
  DB_POSTGRESDB_PORT: await startDatabase(),
  DB_POSTGRESDB_POOL_SIZE: '1',
  N8N_ENCRYPTION_KEY: 'revive',
  N8N_DIAGNOSTICS_ENABLED: 'false',
  N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
  N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'false',
};
const n8n = (...args) =>
  promisify(execFile)(process.execPath, [join(folder, 'node_modules/n8n/bin/n8n'), ...args], {
    env,
    maxBuffer: 64 * 1024 * 1024,
  });

async function load(kind, data) {
  const file = `${kind}.json`;
  writeFileSync(file, JSON.stringify(data));
  await n8n(`import:${kind}`, `--input=${file}`);
}

const node = (name, type, typeVersion, parameters, rest = {}) => ({
  id: name,
  name,
  type,
  typeVersion,
  position: [0, 0],
  parameters,
  ...rest,
});
const byId = (value) => ({ __rl: true, mode: 'id', value });
const assistantId = byId("={{ $('Create').first().json.id }}");
const openai = (name, operation, parameters) =>
  node(
    name,
    '@n8n/n8n-nodes-langchain.openAi',
    1.8,
    { resource: 'assistant', operation, ...parameters },
    { credentials: { openAiApi: { id: 'openai', name: 'OpenAI' } } },
  );
const ask = (name, text, threadId) =>
  openai(name, 'message', {
    assistantId,
    prompt: 'define',
    text,
    memory: 'threadId',
    threadId,
    options: {},
  });
const assistant = {
  modelId: byId('gpt-4o'),
  name: 'Weather',
  description: 'Knows the weather',
  instructions: 'Be brief.',
  codeInterpreter: false,
  knowledgeRetrieval: false,
  file_ids: [],
  options: { failIfExists: true },
};
const tool = {
  name: 'get_weather',
  description: 'The current weather of a city.',
  jsCode: `return ${JSON.stringify(toolOutput)};`,
  specifyInputSchema: true,
  schemaType: 'manual',
  inputSchema: JSON.stringify(weatherParameters),
};
const to = (name, type = 'main') => [[{ node: name, type, index: 0 }]];

await load('credentials', [
  { id: 'openai', name: 'OpenAI', type: 'openAiApi', data: { apiKey, url } },
]);
await load('workflow', [
  {
    id: 'weather',
    name: 'Weather',
    active: false,
    nodes: [
      node('Start', 'n8n-nodes-base.manualTrigger', 1, {}),
      openai('Create', 'create', assistant),
      ask('First', question, ''),
      ask('Second', 'Thanks!', '={{ $json.threadId }}'),
      openai('Update', 'update', { assistantId, options: { name: 'Rain', temperature: 0.5 } }),
      openai('List', 'list', { simplify: true }),
      openai('Delete', 'deleteAssistant', { assistantId }),
      node('Tool', '@n8n/n8n-nodes-langchain.toolCode', 1.1, tool),
    ],
    connections: {
      Start: { main: to('Create') },
      Create: { main: to('First') },
      First: { main: to('Second') },
      Second: { main: to('Update') },
      Update: { main: to('List') },
      List: { main: to('Delete') },
      Tool: { ai_tool: to('First', 'ai_tool') },
    },
    settings: {},
  },
]);
const { stdout } = await n8n('execute', '--id=weather', '--rawOutput');
const { runData } = JSON.parse(stdout.slice(stdout.indexOf('{'))).data.resultData;
const resultOf = (name) => runData[name][0].data?.main[0][0].json ?? runData[name][0].error;
deepEqual(
  ['First', 'Second'].map(resultOf).map(({ output }) => output),
  [answer, echo(2, 'Thanks!')],
);
const { id, temperature } = resultOf('Update');
deepEqual([id, temperature], [resultOf('Create').id, 0.5]);
deepEqual(resultOf('List'), { id, name: 'Rain', model: 'gpt-4o' });
equal(resultOf('Delete').deleted, true);
process.exit();
