import { fileURLToPath } from 'node:url';
import type { Host, Launch, Setting } from './host.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Starts the driver of a library, which finds the library's packages in their folder. */
const driver =
  (file: string, toEnv: (setting: Setting) => Readonly<Record<string, string>> = () => ({})) =>
  (setting: Setting): Launch => ({
    command: [
      process.execPath,
      '--import',
      pathOf('../revive/resolve.ts'),
      pathOf(`drivers/${file}`),
    ],
    env: {
      REVIVE_PROGRAM: setting.folder,
      HOST_SETTING: JSON.stringify(setting),
      ...toEnv(setting),
    },
  });

const zod = '4.6.7';
const compatible = '3.0.92';

/** Libraries with which people write hosts; each has a driver that is such a host. */
export const libraries: readonly Host[] = [
  {
    name: '@anthropic-ai/claude-agent-sdk',
    version: '0.3.332',
    needs: { zod },
    modelApi: 'Messages',
    launch: driver('claude-agent-sdk.mjs', ({ modelOrigin }) => ({
      ANTHROPIC_BASE_URL: modelOrigin,
      ANTHROPIC_API_KEY: 'any',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    })),
  },
  {
    name: '@openai/agents',
    version: '0.20.0',
    needs: { zod },
    modelApi: 'Responses',
    launch: driver('openai-agents.mjs'),
    isQuick: true,
  },
  {
    name: '@ai-sdk/mcp',
    version: '2.0.99',
    needs: { ai: '7.0.173', '@ai-sdk/openai-compatible': compatible, zod },
    modelApi: 'Chat Completions',
    launch: driver('ai-sdk.mjs'),
    isQuick: true,
  },
  {
    name: '@langchain/mcp-adapters',
    version: '1.1.4',
    needs: { langchain: '1.5.14', '@langchain/openai': '1.6.0', '@langchain/core': '1.4.0' },
    modelApi: 'Chat Completions',
    launch: driver('langchain.mjs'),
  },
  {
    name: '@mastra/mcp',
    version: '2.0.0',
    needs: { '@mastra/core': '1.71.0', '@ai-sdk/openai-compatible': compatible, zod },
    modelApi: 'Chat Completions',
    launch: driver('mastra.mjs'),
  },
  {
    name: '@genkit-ai/mcp',
    version: '1.42.0',
    needs: {
      genkit: '1.42.0',
      '@genkit-ai/compat-oai': '1.42.0',
      '@modelcontextprotocol/sdk': '1.32.2',
    },
    modelApi: 'Chat Completions',
    launch: driver('genkit.mjs'),
  },
];

/** Clients without a model: the driver makes the calls. */
export const clients: readonly Host[] = [
  {
    name: '@modelcontextprotocol/inspector',
    version: '2.12.0',
    modelApi: null,
    launch: driver('inspector.mjs'),
    isQuick: true,
  },
  {
    name: 'mcporter',
    version: '0.12.3',
    modelApi: null,
    launch: driver('mcporter.mjs'),
  },
  {
    name: 'mcp-remote',
    version: '0.15.1',
    needs: { '@modelcontextprotocol/sdk': '1.32.2' },
    modelApi: null,
    transports: ['http'],
    launch: driver('mcp-remote.mjs'),
  },
  {
    name: '@modelcontextprotocol/sdk',
    version: '1.32.2',
    modelApi: null,
    launch: driver('sdk-1.mjs'),
  },
  {
    name: '@modelcontextprotocol/client',
    version: '2.4.0',
    modelApi: null,
    launch: driver('client-2.mjs'),
  },
];
