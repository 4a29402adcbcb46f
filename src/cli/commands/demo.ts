import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Config } from '../../config/config.ts';
import { runConversation } from './demo-conversation.ts';
import { errorMessage } from '../../shared/errors.ts';
import { createPrinter, type DemoPrinter } from './demo-conversation.ts';

/** What the demo needs of the process that it runs in. */
export interface DemoHost {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How to start the server: the interpreter and the script. */
  readonly command: readonly [string, string];
  readonly stdout: { write(text: string): unknown };
}

/** Without a key there is only the scripted model, unless the model's endpoint may need none. */
const isScripted = ({ apiKey, modelBaseUrl, modelApi }: Config): boolean =>
  modelApi === 'scripted' || (apiKey === null && modelBaseUrl === null);

function modelBanner(config: Config): string {
  if (config.baseUrl !== null) return `The server is ${config.baseUrl}.`;
  if (!isScripted(config)) {
    return `The model is a real one, behind ${config.modelBaseUrl ?? "OpenAI's endpoint"}.`;
  }
  const reason = config.modelApi === 'scripted' ? 'as asked' : 'since OPENAI_API_KEY is not set';
  return `The model is the scripted one, offline and deterministic, ${reason}.`;
}

/** What runs are made with here; a server elsewhere has settings of its own. */
const engineEnv = (config: Config, folder: string): Record<string, string> => ({
  ASSISTANTS_DATABASE: join(folder, 'demo.db'),
  ASSISTANTS_MODEL: config.model ?? '',
  ASSISTANTS_MODEL_MAP: [...config.modelMap].map((pair) => pair.join('=')).join(','),
  ASSISTANTS_MODEL_API: isScripted(config) ? 'scripted' : config.modelApi,
  ASSISTANTS_RUN_LIFETIME: String(config.runLifetime),
  ASSISTANTS_CONCURRENCY: String(config.concurrency),
});

/** The server's environment: the caller's, but with every tool and a database of its own. */
function serverEnv(env: DemoHost['env'], config: Config, folder: string): Record<string, string> {
  const engine = Object.entries(engineEnv(config, folder));
  const own = {
    ...env,
    ASSISTANTS_BASE_URL: config.baseUrl ?? '',
    ASSISTANTS_API_VERSION: config.apiVersion ?? '',
    ...Object.fromEntries(
      engine.map(([name, value]) => [name, config.baseUrl === null ? value : '']),
    ),
    ASSISTANTS_TOOLSETS: 'all',
    ASSISTANTS_READ_ONLY: 'false',
    ASSISTANTS_TOOL_NAMES: 'default',
    // What the log usually says, the story says as well.
    ASSISTANTS_LOG_LEVEL: config.logLevel === 'info' ? 'warn' : config.logLevel,
  };
  const set = Object.entries(own).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(set);
}

async function withServer(
  stage: DemoHost,
  env: Record<string, string>,
  use: (client: Client) => Promise<boolean>,
): Promise<boolean> {
  const [command, script] = stage.command;
  const client = new Client(
    { name: 'assistants-mcp demo', version: '1' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(new StdioClientTransport({ command, args: [script], env }));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function connectAndRun(
  client: Client,
  teller: DemoPrinter,
  config: Config,
): Promise<boolean> {
  const { tools } = await client.listTools();
  const server = client.getServerVersion();
  teller.step('Connect');
  teller.line(
    `${server?.name} ${server?.version} answers over stdio, in protocol ${client.getNegotiatedProtocolVersion()}, with ${tools.length} tools.`,
  );
  return runConversation(client, teller, config);
}

/**
 * Does the server's main job where a person can watch: a server of this very build is started over
 * stdio and used as an MCP host would. True when its run completed.
 */
export async function runDemo(stage: DemoHost, config: Config): Promise<boolean> {
  const teller = createPrinter((text) => stage.stdout.write(text));
  let folder: string | undefined;
  teller.line('assistants-mcp: a conversation with an assistant, over MCP.', 0);
  teller.line(modelBanner(config), 0);
  try {
    folder = await mkdtemp(join(tmpdir(), 'assistants-mcp-demo-'));
    const env = serverEnv(stage.env, config, folder);
    const completed = await withServer(stage, env, (client) =>
      connectAndRun(client, teller, config),
    );
    teller.end(completed ? 'The run completed.' : 'The run did not complete.');
    return completed;
  } catch (error) {
    teller.end(`It ended early: ${errorMessage(error)}`);
    return false;
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
