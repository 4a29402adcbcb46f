import type { McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import manifest from '../../package.json' with { type: 'json' };
import type { Config } from '../config/config.ts';
import { createServer } from '../mcp/server.ts';
import { systemClock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { toolList } from '../tools/tool-list.ts';
import { filterTools } from '../tools/toolsets.ts';
import { secretsOf } from './host.ts';

interface McpServerFactoryDeps {
  readonly openai: () => Promise<OpenAI>;
  readonly log: Log;
  /** Aborts when the program shuts down. */
  readonly closing: AbortSignal;
}

/** Loads the code of a tool on its first call: listing tools needs none of it. */
const load = async (name: string) => (await import('../tools/registry.ts')).findTool(name);

/** Creates a function that creates MCP servers with the configured tools. */
export function createMcpServerFactory(
  config: Config,
  deps: McpServerFactoryDeps,
): () => McpServer {
  const { toolsets, readOnly, toolNames: names } = config;
  const listings = filterTools(toolList, { toolsets, readOnly, names });
  const { version } = manifest;
  const secrets = secretsOf(config);
  return () => createServer({ ...deps, listings, load, clock: systemClock, version, secrets });
}
