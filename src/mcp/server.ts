import {
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type OpenAI from 'openai';
import type { Clock } from '../shared/clock.ts';
import { cutText } from '../shared/text.ts';
import type { Log } from '../shared/log.ts';
import { advise } from '../tools/error-advice.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { listedDescription, serverInstructions } from '../tools/instructions.ts';
import type { JsonSchema, ToolListing } from '../tools/tool-listing.ts';
import type { Image, Tool, ToolNameLookup } from '../tools/tool.ts';
import { anyParams } from './any-params.ts';
import { type AppOffer, appMeta } from './apps.ts';
import { createRequestLog } from './client-log.ts';
import { createPerson, type RoundCodec, toInputRequired } from './person.ts';
import { sendReadableErrors } from './readable-errors.ts';
import { failure, maxErrorLength, success } from './result.ts';
import { serverInfo } from './server-info.ts';
import { type CallTool, registerTasks, type TaskOffer } from './tasks.ts';

interface ServerOptions {
  /** Returns the SDK client; called for each tool call. */
  readonly openai: () => Promise<OpenAI>;
  readonly listings: readonly ToolListing[];
  /** Loads the tool of a listing; called for each tool call. */
  readonly load: (name: string) => Promise<Tool>;
  readonly log: Log;
  readonly clock: Clock;
  /** Aborts when the program starts to shut down. */
  readonly closing: AbortSignal;
  /** The program's version. */
  readonly version: string;
  /** Values to redact in errors, such as the API key. */
  readonly secrets: readonly string[];
  /** The functions whose outputs the person gives. */
  readonly personFunctions: readonly string[];
  /** Signs what a client sends back with the person's answer. */
  readonly roundCodec: RoundCodec;
  /** null: every call is answered with its result. */
  readonly tasks: TaskOffer | null;
  /** null: hosts show no app beside results. */
  readonly app: AppOffer | null;
}

/** Lists a schema without validating: the tools report errors in the API's wording (contract §2.2). */
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

/** Sends progress notifications; null if the request has no progress token. */
function progressReporter({ mcpReq }: ServerContext): ((message: string) => Promise<void>) | null {
  const { _meta: meta } = mcpReq;
  const progressToken = meta?.progressToken;
  if (progressToken === undefined) return null;
  let progress = 0;
  return async (message) => {
    // Clients know no progress of a call that they have cancelled, and disconnect.
    if (mcpReq.signal.aborted) return;
    progress += 1;
    const params = { progressToken, progress, message: cutText(message, maxErrorLength) };
    // A notification can fail only because the client has disconnected.
    await mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}

function logFailure(log: Log, name: string, error: unknown): void {
  const { status, code, message } = readFailure(error);
  const isApiError = status !== null || code !== null;
  const fields = { tool: name, status, error: cutText(message, maxErrorLength) };
  log[isApiError ? 'info' : 'warn']('tool call failed', fields);
}

/**
 * Creates an MCP server with the listed tools. It is cheap and has no side effects: the tools and the
 * SDK client are loaded when a tool is called.
 */
export function createServer(options: ServerOptions): McpServer {
  const { listings, log, clock, closing, version, secrets, roundCodec } = options;
  const toolName: ToolNameLookup = (operation) =>
    listings.find((listing) => listing.operation === operation)?.name ?? null;
  const server = new McpServer(serverInfo(version), {
    instructions: serverInstructions(toolName),
    capabilities: { tools: {} },
    requestState: { verify: (state, context) => roundCodec.verify(state, context) },
  });
  sendReadableErrors(server);
  // Some clients send this notification as a request, and stop at an error.
  server.server.setRequestHandler('notifications/initialized', { params: anyParams }, () => ({}));
  const functions: ReadonlySet<string> = new Set(options.personFunctions);
  const callTool: CallTool = async (name, args, context, startTask) => {
    const progress = progressReporter(context);
    const { signal } = context.mcpReq;
    // The protocol itself marks no repeated call: a client that sends a call again uses a new id.
    const idempotencyKey = context.http?.req?.headers.get('idempotency-key') ?? null;
    const fields = isRecord(args) ? args : {};
    const images: Image[] = [];
    const addImage = (image: Image) => void images.push(image);
    let baseURL = '';
    try {
      const tool = await options.load(name);
      const openai = await options.openai();
      baseURL = openai.baseURL;
      const personDeps = { name, args: fields, clock, closing, progress, functions };
      const person = createPerson(server, context, personDeps);
      const request = { signal, progress, person, idempotencyKey, addImage, startTask };
      const result = await tool.call(args, { openai, clock, toolName, closing, ...request });
      const { isUntrusted } = tool;
      return success(result, { images, isUntrusted, call: { name, args: fields } });
    } catch (error) {
      const question = await toInputRequired(error, roundCodec);
      if (question !== null) return question;
      logFailure(createRequestLog(log, context, secrets), name, error);
      const { inputSchema = {} } = listings.find((listing) => listing.name === name) ?? {};
      const advice = advise(error, { args: fields, inputSchema, baseURL, toolName });
      return failure(error, { advice, secrets });
    }
  };
  for (const listing of listings) {
    const { name, operation, title, description, annotations, inputSchema, outputSchema } = listing;
    const hasApp = options.app?.operations.includes(operation) === true;
    const toolInfo = {
      title,
      description: listedDescription(description, toolName),
      annotations,
      inputSchema: passThroughSchema(inputSchema),
      ...(outputSchema !== null && { outputSchema: passThroughSchema(outputSchema) }),
      ...(hasApp && { _meta: appMeta }),
    };
    server.registerTool(name, toolInfo, (args, context) => callTool(name, args, context, null));
  }
  if (options.tasks !== null) {
    registerTasks(server, options.tasks, { names: listings.map(({ name }) => name), callTool });
  }
  return server;
}
