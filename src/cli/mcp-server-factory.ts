import type { McpServer } from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import manifest from '../../package.json' with { type: 'json' };
import type { Config } from '../config/config.ts';
import { createServer } from '../mcp/server.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { toolList } from '../tools/tool-list.ts';
import { filterTools, type ToolFilter } from '../tools/toolsets.ts';
import { secretsOf } from './host.ts';

interface McpServerFactoryDeps {
  readonly openai: () => Promise<OpenAI>;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the program shuts down. */
  readonly closing: AbortSignal;
}

/** Loads the code of a tool on its first call: listing tools needs none of it. */
const load = async (name: string) => (await import('../tools/registry.ts')).findTool(name);

/** Creates a function that creates MCP servers with the tools that pass a filter. */
export function createMcpServerFactory(
  config: Config,
  deps: McpServerFactoryDeps,
): (filter: ToolFilter) => McpServer {
  const { version } = manifest;
  const secrets = secretsOf(config);
  return (filter) =>
    createServer({ ...deps, listings: filterTools(toolList, filter), load, version, secrets });
}
