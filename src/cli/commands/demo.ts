import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config, Invocation } from '../../config/config.ts';
import { sharedOptions } from '../../config/options.ts';
import { errorMessage } from '../../shared/errors.ts';
import type { Command, Host } from '../host.ts';
import { print } from '../terminal.ts';

/** Without a key only the scripted model works, unless another endpoint is set: it may need none. */
const isScripted = ({ apiKey, modelBaseUrl, modelApi }: Config): boolean =>
  modelApi === 'scripted' || (apiKey === null && modelBaseUrl === null);

function modelBanner(config: Config): string {
  if (config.baseUrl !== null) return `The server is ${config.baseUrl}.`;
  if (!isScripted(config)) {
    return `The model is a real one, at ${config.modelBaseUrl ?? "OpenAI's endpoint"}.`;
  }
  const reason =
    config.modelApi === 'scripted' ? 'as configured' : 'because OPENAI_API_KEY is not set';
  return `The model is the scripted one (offline and deterministic), ${reason}.`;
}

/** Settings of the embedded engine; a remote server has its own. */
const engineEnv = (config: Config, folder: string): Record<string, string> => ({
  ASSISTANTS_DATABASE: join(folder, 'demo.db'),
  ASSISTANTS_MODEL: config.model ?? '',
  ASSISTANTS_MODEL_MAP: [...config.modelMap].map((pair) => pair.join('=')).join(','),
  ASSISTANTS_MODEL_API: isScripted(config) ? 'scripted' : config.modelApi,
  ASSISTANTS_FILES: isScripted(config) ? 'local' : config.files,
  ASSISTANTS_RUN_LIFETIME: String(config.runLifetime),
  ASSISTANTS_MODEL_TIMEOUT: config.modelTimeout === null ? '' : String(config.modelTimeout),
  ASSISTANTS_SHOW_REASONING: String(config.showReasoning),
  ASSISTANTS_CONCURRENCY: String(config.concurrency),
});

/** The caller's environment, with all tools enabled and a temporary database. */
function serverEnv(env: Host['env'], config: Config, folder: string): Record<string, string> {
  const isRemote = config.baseUrl !== null;
  const engine = Object.entries(engineEnv(config, folder));
  const variables = {
    ...env,
    ASSISTANTS_BASE_URL: config.baseUrl ?? '',
    ASSISTANTS_API_VERSION: config.apiVersion ?? '',
    ...Object.fromEntries(engine.map(([name, value]) => [name, isRemote ? '' : value])),
    ASSISTANTS_TOOLSETS: 'all',
    ASSISTANTS_TOOLS: '',
    ASSISTANTS_EXCLUDE_TOOLS: '',
    ASSISTANTS_READ_ONLY: 'false',
    ASSISTANTS_TOOL_NAMES: 'default',
    // At level info the log repeats what the demo prints.
    ASSISTANTS_LOG_LEVEL: config.logLevel === 'info' ? 'warn' : config.logLevel,
  };
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}

/** Starts a server over stdio and uses it as an MCP host does. Fails unless its run completes. */
async function runDemo(host: Host, { config, warnings }: Invocation): Promise<number> {
  for (const warning of warnings) print(host.stderr, `${warning}\n`);
  const { createPrinter, runConversation, withServer } = await import('./demo-conversation.ts');
  const printer = createPrinter((text) => print(host.stdout, text));
  let folder: string | undefined;
  printer.line('assistants-mcp: a conversation with an assistant, over MCP.', 0);
  printer.line(modelBanner(config), 0);
  try {
    folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-demo-'));
    const [command, script] = host.command;
    const server = { command, args: [script], env: serverEnv(host.env, config, folder) };
    const completed = await withServer(server, (client) =>
      runConversation(client, printer, { config, isScripted: isScripted(config) }),
    );
    printer.end(completed ? 'The run completed.' : 'The run did not complete.');
    return completed ? 0 : 1;
  } catch (error) {
    printer.end(`The demo failed: ${errorMessage(error)}`);
    return 1;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

export const demoCommand: Command = {
  name: 'demo',
  usage: 'demo [options]',
  summary: 'Run a demo conversation in the terminal',
  options: {},
  // It uses a temporary database, and all tools under their default names.
  ignores: [
    sharedOptions.database,
    sharedOptions.toolsets,
    sharedOptions.tools,
    sharedOptions.excludeTools,
    sharedOptions.readOnly,
    sharedOptions.toolNames,
    sharedOptions.askPerson,
  ],
  run: runDemo,
};
