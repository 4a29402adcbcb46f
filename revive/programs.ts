import type { Program } from './program.ts';

const conversation = 'conversation with a function call and a second turn';
const streamed = `${conversation}, streamed`;

/** Among them the first with streams, and one of the time when most programs were written. */
const openaiVersions = ['4.20.1', '4.29.2', '4.52.7', '4.104.0', '5.23.2', '6.49.0', '7.59.0'];

const openai = openaiVersions.map((version): Program => ({
  name: 'openai',
  version,
  driver: ['openai.mjs', version],
  does: version === '4.20.1' ? conversation : streamed,
  isQuick: !['4.29.2', '4.52.7'].includes(version),
}));

const azure: readonly Program[] = [
  ...openai.map((program) => ({
    ...program,
    driver: ['openai.mjs', program.version, 'azure'] as const,
    does: `Its Azure client: ${program.does}`,
  })),
  {
    name: '@azure/openai-assistants',
    version: '1.0.0-beta.6',
    driver: ['azure-openai-assistants.mjs'],
    does: `Its Azure client, over HTTPS: ${conversation}`,
    needsTls: true,
    isQuick: true,
  },
  {
    name: '@azure/openai-assistants',
    version: '1.0.0-beta.6',
    driver: ['azure-openai-assistants.mjs', 'openai'],
    does: `Its OpenAI client: ${conversation}`,
    modelApi: 'responses',
    isQuick: true,
  },
  {
    name: '@azure/ai-agents',
    version: '1.1.0',
    driver: ['azure-ai-agents.mjs'],
    does: `A project of Foundry, over HTTPS: ${streamed}`,
    needsTls: true,
  },
];

const quickstart: Program = {
  name: 'openai',
  version: '4.104.0',
  driver: ['quickstart.mjs'],
  does: "OpenAI's quickstart and its page on function calling: parallel calls, streamed",
  modelApi: 'chat',
  options: ['--hosted-tools', 'drop'],
  isQuick: true,
};

const langchain: readonly Program[] = [
  { name: 'langchain', version: '0.0.214' },
  { name: 'langchain', version: '0.1.37' },
  { name: 'langchain', version: '0.2.20' },
  { name: 'langchain', version: '0.3.37', needs: { '@langchain/core': '0.3.80' } },
  { name: '@langchain/classic', version: '1.0.50', needs: { '@langchain/core': '1.4.0' } },
].map((program) => ({
  ...program,
  driver: ['langchain.mjs', program.name],
  does: `An agent: ${conversation}`,
  isQuick: program.version === '0.3.37',
}));

const react = { react: '18.3.1', 'react-dom': '18.3.1', jsdom: '26.1.0' };

const vercel = ['3.4.33', '4.3.19'].map((version): Program => ({
  name: 'ai',
  version,
  needs: { ...react, openai: '4.104.0', zod: '3.25.76' },
  driver: ['vercel-ai.mjs'],
  does: `AssistantResponse and useAssistant in jsdom: ${conversation}, streamed`,
}));

const pglite = { '@electric-sql/pglite': '0.5.14', '@electric-sql/pglite-socket': '0.2.17' };

/** The programs, in the order of the table. */
export const programs: readonly Program[] = [
  ...openai,
  quickstart,
  ...azure,
  ...langchain,
  {
    name: 'experts',
    version: '1.5.4',
    driver: ['experts.mjs'],
    does: streamed,
    isQuick: true,
  },
  {
    name: 'openai-threads',
    version: '1.0.3',
    needs: { openai: '4.104.0' },
    driver: ['openai-threads.mjs'],
    does: conversation,
    modelApi: 'chat',
    isQuick: true,
  },
  {
    name: '@brainstack/openai-assistantapi',
    version: '1.0.18',
    driver: ['brainstack.mjs'],
    does: conversation,
    modelApi: 'responses',
    isQuick: true,
  },
  {
    name: '@activepieces/piece-openai',
    version: '0.3.18',
    driver: ['piece-openai.mjs'],
    does: 'Lists assistants; asks two questions in one thread',
  },
  {
    name: '@microsoft/teams-ai',
    version: '1.7.4',
    needs: { botbuilder: '4.23.3', openai: '4.77.4' },
    driver: ['teams-ai.mjs'],
    does: `A bot with AssistantsPlanner: ${conversation}`,
  },
  {
    name: 'portkey-ai',
    version: '3.1.0',
    driver: ['portkey.mjs'],
    does: conversation,
    modelApi: 'chat',
  },
  ...vercel,
  {
    name: '@builderbot-plugins/openai-assistants',
    version: '0.0.2',
    driver: ['builderbot.mjs'],
    does: 'Creates an assistant with code_interpreter; asks two questions in one thread, streamed',
    modelApi: 'chat',
    options: ['--hosted-tools', 'drop'],
  },
  {
    name: '@ironclad/rivet-node',
    version: '1.19.1',
    driver: ['rivet.mjs'],
    does: `Graphs of its OpenAI plugin, with redirected requests: ${conversation}`,
  },
  {
    name: 'n8n',
    version: '1.123.81',
    needs: pglite,
    // Its own version of this package is not in the registry.
    overrides: { xlsx: '0.18.5' },
    driver: ['n8n.mjs'],
    does: `all operations on assistants by n8n execute, and a ${conversation}`,
    timeoutSeconds: 300,
  },
  {
    name: 'flowise',
    version: '2.2.8',
    needs: pglite,
    // Packages below it have come to need a newer version than it asks for.
    overrides: { zod: '3.25.76' },
    driver: ['flowise.mjs'],
    does: `A chatflow of an assistant with the calculator: ${conversation}, streamed`,
    modelApi: 'responses',
    timeoutSeconds: 300,
  },
  {
    name: '@copilotkit/runtime',
    version: '1.10.6',
    needs: {
      '@ag-ui/client': '0.0.39',
      '@ag-ui/core': '0.0.39',
      '@ag-ui/encoder': '0.0.39',
      '@ag-ui/langgraph': '0.0.18',
      '@ag-ui/proto': '0.0.39',
      '@copilotkit/runtime-client-gql': '1.10.6',
      openai: '4.104.0',
    },
    driver: ['copilotkit.mjs'],
    does: `Its runtime with OpenAIAssistantAdapter, and its client: ${conversation}, streamed`,
    modelApi: 'chat',
    options: ['--hosted-tools', 'drop'],
  },
  {
    name: 'promptfoo',
    version: '0.123.1',
    driver: ['promptfoo.mjs'],
    does: 'Evaluates an assistant with a function callback, and on a conversation',
  },
  {
    name: 'deep-chat',
    version: '2.4.2',
    needs: { jsdom: '26.1.0' },
    driver: ['deep-chat.mjs'],
    does: `The web component in jsdom: ${conversation}`,
  },
  {
    name: 'deep-chat',
    version: '2.4.2',
    needs: { jsdom: '26.1.0' },
    driver: ['deep-chat.mjs', 'stream'],
    does: `The web component in jsdom: ${conversation}, streamed`,
    modelApi: 'chat',
  },
  {
    name: 'libopenapi-client-perl',
    version: '1.07-1',
    registry: 'debian',
    driver: ['perl.mjs'],
    does: 'A Perl client made from the OpenAPI document: function call, and a streamed run',
  },
];
