import {
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { advise } from '../tools/advice.ts';
import { readFailure } from '../tools/error.ts';
import { instruct } from '../tools/instructions.ts';
import {
  advertiseInput,
  advertiseModification,
  advertiseOutput,
  type JsonSchema,
} from '../tools/json-schema.ts';
import { hints, type Image, type Names, type Tool } from '../tools/tool.ts';
import { failure, success } from './result.ts';

interface ServerOptions {
  /** The client that tools work with, asked for at each call and not before. */
  readonly openai: () => Promise<OpenAI>;
  readonly tools: readonly Tool[];
  readonly log: Log;
  readonly clock: Clock;
  /** The program's own version. */
  readonly version: string;
  /** Values that no answer may show, such as the API key. */
  readonly secrets: readonly string[];
}

/** Advertises a schema and lets everything pass: tools check their arguments in the API's words. */
const advertised = (schema: () => JsonSchema): StandardSchemaWithJSON => ({
  '~standard': {
    version: 1,
    vendor: 'assistants-mcp',
    validate: (value) => ({ value }),
    jsonSchema: { input: schema, output: schema },
  },
});

const inputOf = ({ effect, input }: Tool) =>
  advertised(() => (effect === 'modify' ? advertiseModification(input) : advertiseInput(input)));

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Tells the client how far its call is, in steps that count up; null when it did not ask. */
function progressOf({ mcpReq }: ServerContext): ((message: string) => Promise<void>) | null {
  const { _meta: meta } = mcpReq;
  const token = meta?.progressToken;
  if (token === undefined) return null;
  let progress = 0;
  return async (message) => {
    progress += 1;
    const params = { progressToken: token, progress, message };
    await mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}

function logFailure(log: Log, tool: Tool, error: unknown): void {
  const { status, code, sentence } = readFailure(error);
  const isRefusal = status !== null || code !== null;
  const level = isRefusal ? 'info' : 'warn';
  log[level](`${tool.name} failed: ${sentence}`, { status });
}

/**
 * One MCP server with the given tools: cheap, without side effects, made anew for every connection.
 * It asks for the client at the first tool call, so that listing tools loads no SDK.
 */
export function createServer(options: ServerOptions): McpServer {
  const { tools, log, clock, version, secrets } = options;
  const names: Names = (operation) =>
    tools.find((tool) => tool.operation === operation)?.name ?? null;
  const server = new McpServer(
    { name: 'assistants-mcp', version },
    { instructions: instruct(names), capabilities: { tools: {} } },
  );
  const answer = async (tool: Tool, args: unknown, context: ServerContext) => {
    const progress = progressOf(context);
    const { signal } = context.mcpReq;
    const images: Image[] = [];
    const show = (image: Image) => void images.push(image);
    let baseURL = '';
    try {
      const openai = await options.openai();
      baseURL = openai.baseURL;
      const call = { openai, clock, names, signal, progress, show };
      return success(await tool.call(args, call), images);
    } catch (error) {
      logFailure(log, tool, error);
      const advice = advise(error, { args: isRecord(args) ? args : {}, baseURL, names });
      return failure(error, { advice, secrets });
    }
  };
  for (const tool of tools) {
    const { title, description, effect, output } = tool;
    const annotations = hints(effect);
    const inputSchema = inputOf(tool);
    const outputSchema =
      output === null ? {} : { outputSchema: advertised(() => advertiseOutput(output)) };
    server.registerTool(
      tool.name,
      { title, description, annotations, inputSchema, ...outputSchema },
      (args, context) => answer(tool, args, context),
    );
  }
  return server;
}
