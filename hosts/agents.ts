import { join } from 'node:path';
import type { Host, Setting } from './host.ts';
import { prompt } from './job.ts';

const bin = ({ folder }: Setting, name: string): string => join(folder, 'node_modules/.bin', name);

/** An entry of `mcpServers` as most hosts have it. */
const entry = ({ transport, stdio, http }: Setting) =>
  transport === 'stdio' ? stdio : { type: 'http', ...http };

const mcpServers = (setting: Setting, extra: object = {}) => ({
  mcpServers: { assistants: { ...entry(setting), ...extra } },
});

const claudeCode: Host = {
  name: '@anthropic-ai/claude-code',
  version: '2.1.332',
  modelApi: 'Messages',
  launch: (setting) => ({
    command: [
      join(setting.folder, 'node_modules/@anthropic-ai/claude-code-linux-x64/claude'),
      '--print',
      '--model',
      'claude-sonnet-4-5',
      '--mcp-config',
      'mcp.json',
      '--strict-mcp-config',
      '--allowedTools',
      'mcp__assistants',
      '--',
      prompt,
    ],
    files: { 'mcp.json': mcpServers(setting) },
    env: {
      ANTHROPIC_BASE_URL: setting.modelOrigin,
      ANTHROPIC_API_KEY: 'any',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_AUTOUPDATER: '1',
    },
  }),
};

const tomlString = (text: string): string => JSON.stringify(text);

function codexServer({ transport, stdio, http }: Setting): string {
  if (transport === 'http') {
    return [`url = ${tomlString(http.url)}`, 'bearer_token_env_var = "ASSISTANTS_TOKEN"'].join(
      '\n',
    );
  }
  const variables = Object.entries(stdio.env).map(
    ([name, value]) => `${name} = ${tomlString(value)}`,
  );
  return [
    `command = ${tomlString(stdio.command)}`,
    `args = ${JSON.stringify(stdio.args)}`,
    `env = { ${variables.join(', ')} }`,
  ].join('\n');
}

const codex: Host = {
  name: '@openai/codex',
  version: '0.171.0',
  modelApi: 'Responses',
  launch: (setting) => ({
    command: [
      bin(setting, 'codex'),
      'exec',
      '--skip-git-repo-check',
      '--dangerously-bypass-approvals-and-sandbox',
      prompt,
    ],
    files: {
      '.codex/config.toml': `model = "gpt-5"
model_provider = "loopback"

[model_providers.loopback]
name = "Loopback"
base_url = "${setting.modelOrigin}/v1"
env_key = "LOOPBACK_KEY"
wire_api = "responses"

[mcp_servers.assistants]
required = true
startup_timeout_sec = 60
${codexServer(setting)}
`,
    },
    env: {
      LOOPBACK_KEY: 'any',
      ASSISTANTS_TOKEN: setting.http.headers['Authorization']?.replace('Bearer ', '') ?? '',
    },
  }),
};

const geminiEntry = ({ transport, stdio, http }: Setting) =>
  transport === 'stdio' ? stdio : { httpUrl: http.url, headers: http.headers };

const geminiCli: Host = {
  name: '@google/gemini-cli',
  version: '0.61.0',
  modelApi: 'Gemini',
  launch: (setting) => ({
    command: [bin(setting, 'gemini'), '--yolo', '--model', 'gemini-2.5-pro', '--prompt', prompt],
    files: {
      '.gemini/settings.json': {
        mcpServers: { assistants: { ...geminiEntry(setting), trust: true } },
        security: { auth: { selectedType: 'gemini-api-key' }, folderTrust: { enabled: false } },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        general: { disableAutoUpdate: true },
      },
    },
    env: {
      GEMINI_API_KEY: 'any',
      GOOGLE_GEMINI_BASE_URL: setting.modelOrigin,
      GEMINI_CLI_TRUST_WORKSPACE: 'true',
    },
  }),
};

const qwenCode: Host = {
  name: '@qwen-code/qwen-code',
  version: '0.24.4',
  modelApi: 'Chat Completions',
  launch: (setting) => ({
    command: [bin(setting, 'qwen'), '--yolo', '--prompt', prompt],
    files: {
      '.qwen/settings.json': {
        mcpServers: { assistants: { ...geminiEntry(setting), trust: true } },
        security: { auth: { selectedType: 'openai' } },
        privacy: { usageStatisticsEnabled: false },
        telemetry: { enabled: false },
        general: { disableAutoUpdate: true },
      },
    },
    env: {
      OPENAI_API_KEY: 'any',
      OPENAI_BASE_URL: `${setting.modelOrigin}/v1`,
      OPENAI_MODEL: 'gpt-5',
    },
  }),
};

const copilot: Host = {
  name: '@github/copilot',
  version: '1.0.102',
  modelApi: 'Chat Completions',
  launch: (setting) => ({
    command: [bin(setting, 'copilot'), '--allow-all-tools', '--no-auto-update', '--prompt', prompt],
    files: { '.copilot/mcp-config.json': mcpServers(setting, { tools: ['*'] }) },
    env: {
      COPILOT_PROVIDER_BASE_URL: `${setting.modelOrigin}/v1`,
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_API_KEY: 'any',
      COPILOT_MODEL: 'gpt-5',
      COPILOT_OFFLINE: 'true',
    },
  }),
};

const opencodeEntry = ({ transport, stdio, http }: Setting) =>
  transport === 'stdio'
    ? { type: 'local', command: [stdio.command, ...stdio.args], environment: stdio.env }
    : { type: 'remote', url: http.url, headers: http.headers, oauth: false };

const opencodeConfig = (setting: Setting) => ({
  model: 'loopback/gpt-5',
  small_model: 'loopback/gpt-5',
  autoupdate: false,
  share: 'disabled',
  permission: 'allow',
  provider: {
    loopback: {
      npm: '@ai-sdk/openai-compatible',
      name: 'Loopback',
      options: { baseURL: `${setting.modelOrigin}/v1`, apiKey: 'any' },
      models: { 'gpt-5': { name: 'gpt-5', tool_call: true } },
    },
  },
  mcp: { assistants: { ...opencodeEntry(setting), enabled: true } },
});

const opencode: Host = {
  name: 'opencode-ai',
  version: '1.18.33',
  modelApi: 'Chat Completions',
  launch: (setting) => ({
    command: [join(setting.folder, 'node_modules/opencode-linux-x64/bin/opencode'), 'run', prompt],
    files: { 'opencode.json': opencodeConfig(setting) },
    env: { OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' },
  }),
};

/** Where Cline keeps its settings. */
const clineSettings = '.cline/data/settings';

const cline: Host = {
  name: 'cline',
  version: '3.0.65',
  modelApi: 'Chat Completions',
  launch: (setting) => ({
    command: [
      join(setting.folder, 'node_modules/@cline/cli-linux-x64/bin/cline'),
      '--auto-approve',
      'true',
      prompt,
    ],
    files: {
      [`${clineSettings}/providers.json`]: {
        version: 1,
        lastUsedProvider: 'openai-compatible',
        modes: {},
        providers: {
          'openai-compatible': {
            settings: {
              provider: 'openai-compatible',
              apiKey: 'any',
              model: 'gpt-5',
              baseUrl: `${setting.modelOrigin}/v1`,
            },
            updatedAt: '2026-11-01T00:00:00.000Z',
            tokenSource: 'manual',
          },
        },
      },
      [`${clineSettings}/cline_mcp_settings.json`]: {
        mcpServers: {
          assistants:
            setting.transport === 'stdio'
              ? { type: 'stdio', ...setting.stdio, disabled: false }
              : { type: 'streamableHttp', ...setting.http, disabled: false },
        },
      },
    },
    env: { CLINE_SESSION_BACKEND_MODE: 'local' },
  }),
};

const continueEntry = ({ transport, stdio, http }: Setting) =>
  transport === 'stdio'
    ? { type: 'stdio', ...stdio }
    : { type: 'streamable-http', url: http.url, requestOptions: { headers: http.headers } };

const continueCli: Host = {
  name: '@continuedev/cli',
  version: '1.5.47',
  modelApi: 'Chat Completions',
  launch: (setting) => ({
    command: [bin(setting, 'cn'), '--print', '--auto', '--config', 'config.yaml', prompt],
    files: {
      // JSON is YAML.
      'config.yaml': {
        name: 'Loopback',
        version: '1.0.0',
        schema: 'v1',
        models: [
          {
            name: 'Loopback',
            provider: 'openai',
            model: 'gpt-4.1',
            apiBase: `${setting.modelOrigin}/v1`,
            apiKey: 'any',
            roles: ['chat'],
            capabilities: ['tool_use'],
          },
        ],
        mcpServers: [{ name: 'assistants', ...continueEntry(setting) }],
      },
    },
    env: { CONTINUE_TELEMETRY_ENABLED: '0' },
  }),
};

/** Programs that are agents, in the order of the table. */
export const agents: readonly Host[] = [
  claudeCode,
  codex,
  geminiCli,
  copilot,
  cline,
  opencode,
  qwenCode,
  continueCli,
];
