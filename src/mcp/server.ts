import {
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { advise } from '../tools/error-advice.ts';
import { readFailure } from '../tools/sdk-call.ts';
import { serverInstructions } from '../tools/instructions.ts';
import type { JsonSchema } from '../tools/tool-listing.ts';
import type { ToolListing } from '../tools/tool-listing.ts';
import type { Image, ToolNameLookup, Tool } from '../tools/tool.ts';
import { failure, success } from './result.ts';

interface ServerOptions {
  /** The client that tools work with, asked for at each call and not before. */
  readonly openai: () => Promise<OpenAI>;
  readonly listings: readonly ToolListing[];
  /** Loads the tool behind an offer, when it is called. */
  readonly load: (name: string) => Promise<Tool>;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborts when the program is about to end. */
  readonly closing: AbortSignal;
  /** The program's own version. */
  readonly version: string;
  /** Values that no answer may show, such as the API key. */
  readonly secrets: readonly string[];
}

/** Advertises a schema and lets everything pass: tools check their arguments in the API's words. */
const passThroughSchema = (schema: JsonSchema): StandardSchemaWithJSON => ({
  '~standard': {
    version: 1,
    vendor: 'assistants-mcp',
    validate: (value) => ({ value }),
    jsonSchema: { input: () => schema, output: () => schema },
  },
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Tells the client how far its call is, in steps that count up; null when it did not ask. */
function progressReporter({ mcpReq }: ServerContext): ((message: string) => Promise<void>) | null {
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

function logFailure(log: Log, name: string, error: unknown): void {
  const { status, code, message: sentence } = readFailure(error);
  const isRefusal = status !== null || code !== null;
  const level = isRefusal ? 'info' : 'warn';
  log[level](`${name} failed: ${sentence}`, { status });
}

/**
 * One MCP server with the given tools: cheap, without side effects, made anew for every connection.
 * It asks for tools and for the client when one is called, so that listing tools loads neither.
 */
export function createServer(options: ServerOptions): McpServer {
  const { listings: offers, log, clock, closing, version, secrets } = options;
  const names: ToolNameLookup = (operation) =>
    offers.find((listing) => listing.operation === operation)?.name ?? null;
  const server = new McpServer(
    { name: 'assistants-mcp', version },
    { instructions: serverInstructions(names), capabilities: { tools: {} } },
  );
  const handleCall = async (name: string, args: unknown, context: ServerContext) => {
    const progress = progressReporter(context);
    const { signal } = context.mcpReq;
    const images: Image[] = [];
    const addImage = (image: Image) => void images.push(image);
    let baseURL = '';
    try {
      const tool = await options.load(name);
      const openai = await options.openai();
      baseURL = openai.baseURL;
      const call = { openai, clock, names, signal, closing, progress, addImage };
      return success(await tool.call(args, call), images);
    } catch (error) {
      logFailure(log, name, error);
      const advice = advise(error, { args: isRecord(args) ? args : {}, baseURL, names });
      return failure(error, { advice, secrets });
    }
  };
  for (const { name, title, description, annotations, inputSchema, outputSchema } of offers) {
    const toolInfo = {
      title,
      description,
      annotations,
      inputSchema: passThroughSchema(inputSchema),
      ...(outputSchema !== null && { outputSchema: passThroughSchema(outputSchema) }),
    };
    server.registerTool(name, toolInfo, (args, context) => handleCall(name, args, context));
  }
  return server;
}
