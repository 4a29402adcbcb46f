import {
  createMcpHandler,
  INVALID_REQUEST,
  type McpRequestContext,
  type McpServer,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server';
import { cutText } from '../shared/text.ts';
import { ApiError } from '../shared/errors.ts';
import { fieldOf, isJsonObject, parseJson } from '../shared/json.ts';
import { JsonError } from '../shared/json-reader.ts';
import { JsonRequest } from '../shared/json-request.ts';
import type { Log } from '../shared/log.ts';
import {
  checkEnvelope,
  type EnvelopeProblem,
  findFault,
  jsonProblemSentence,
  listenMethod,
} from './envelope.ts';
import { repairMessage } from './repaired-message.ts';
import { maxErrorLength } from './result.ts';

export { maxMessageBytes } from './envelope.ts';

/** MCP over Streamable HTTP, for requests that passed the access checks and have their body read. */
export interface HttpHandler {
  fetch(request: Request): Promise<Response>;
  /** Ends all calls and streams in progress. */
  close(): Promise<void>;
}

/** The response to a request that MCP cannot read, in the shape of JSON-RPC. */
export const requestError = (
  { message, status, headers }: ApiError,
  id: EnvelopeProblem['id'] = null,
): Response =>
  Response.json(
    { jsonrpc: '2.0', id, error: { code: INVALID_REQUEST, message } },
    { status: status ?? 400, headers },
  );

const [json, events] = ['application/json', 'text/event-stream'];

/** Names of JSON in `Accept`. */
const jsonNames = [json, 'application/*', '*/*'];

/**
 * Makes the request acceptable to the SDK, which demands that clients of 2025 accept JSON and event
 * streams, both by name, and answers with a stream. Returns what the client takes of the two.
 */
function acceptBoth({ headers }: Request) {
  const accepted = headers.get('accept')?.toLowerCase() ?? '';
  const takesEvents = accepted.includes(events);
  const takesJson = accepted === '' || jsonNames.some((name) => accepted.includes(name));
  if (takesEvents || takesJson) headers.set('accept', `${json}, ${events}`);
  return { takesEvents, takesJson };
}

const versionHeader = 'mcp-protocol-version';

/**
 * Removes the version from a request for which there is none yet. Clients of 2025 send the newest that they
 * know with `initialize`, whose parameters say which one they ask for.
 */
function removeEarlyVersion({ headers }: Request, message: unknown): void {
  const meta = fieldOf(fieldOf(message, 'params'), '_meta');
  const isModern = fieldOf(meta, PROTOCOL_VERSION_META_KEY) !== undefined;
  const isFirst = fieldOf(message, 'method') === 'initialize' && !isModern;
  if (isFirst || headers.get(versionHeader) === '') headers.delete(versionHeader);
}

/** The answers in a stream of the SDK, without the notifications between them. */
function answersIn(stream: string): unknown[] {
  const lines = stream.split('\n').filter((line) => line.startsWith('data: '));
  return lines
    .map((line) => parseJson(line.slice('data: '.length)))
    .filter((message) => isJsonObject(message) && message['method'] === undefined);
}

const isStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith(events) === true;

/** A stream as one JSON body; any other response unchanged. */
async function toJson(response: Response, isBatch: boolean): Promise<Response> {
  if (!isStream(response)) return response;
  const answers = answersIn(await response.text());
  if (answers.length === 0)
    return requestError(new ApiError(503, 'The call ended without a result.'));
  return Response.json(isBatch ? answers : answers[0], { status: response.status });
}

/**
 * A stream as one JSON body if nothing comes before the answer: some clients that accept both can read
 * only JSON. Notifications, or a long time without any, make it a stream.
 */
async function toJsonIfAnswered(response: Response): Promise<Response> {
  const { body, status } = response;
  if (body === null || !isStream(response)) return response;
  const [first, all] = body.tee();
  const reader = first.getReader();
  const { value } = await reader.read();
  void reader.cancel();
  const [answer] = answersIn(new TextDecoder().decode(value));
  if (answer === undefined) return new Response(all, response);
  void all.cancel();
  return Response.json(answer, { status });
}

/** What is wrong with a message, or with the first faulty one of a batch. */
const findFirstFault = (message: unknown): EnvelopeProblem | null =>
  Array.isArray(message)
    ? (message.map(findFault).find((fault) => fault !== null) ?? null)
    : findFault(message);

/** Creates one MCP server per request; the request's protocol version decides how it is served. */
export function createHttpHandler(
  factory: (url: URL, era: McpRequestContext['era']) => McpServer,
  log: Log,
): HttpHandler {
  const createServer = ({ requestInfo, era }: McpRequestContext) => {
    if (requestInfo === undefined) throw new Error('an MCP server was created without a request');
    return factory(new URL(requestInfo.url), era);
  };
  const { fetch, close } = createMcpHandler(createServer, {
    onerror: ({ message }) =>
      log.info('MCP request failed', { error: cutText(message, maxErrorLength) }),
  });
  return {
    async fetch(request) {
      try {
        const parsedBody = request instanceof JsonRequest ? await request.readJson() : undefined;
        const problem = checkEnvelope(parsedBody);
        if (problem !== null) {
          return requestError(new ApiError(400, problem.sentence), problem.id);
        }
        const message = repairMessage(parsedBody);
        const fault = message === undefined ? null : findFirstFault(message);
        if (fault !== null) return requestError(new ApiError(400, fault.sentence), fault.id);
        removeEarlyVersion(request, message);
        const { takesEvents, takesJson } = acceptBoth(request);
        const response = await fetch(request, { parsedBody: message });
        const isListening = fieldOf(message, 'method') === listenMethod;
        if (!takesJson || isListening) return response;
        const isBatch = Array.isArray(message);
        if (takesEvents) return isBatch ? response : await toJsonIfAnswered(response);
        return await toJson(response, isBatch);
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        // The SDK answers invalid JSON like a missing body.
        if (error.problem === 'invalid') {
          acceptBoth(request);
          return fetch(request);
        }
        return requestError(new ApiError(400, jsonProblemSentence(error.problem)));
      }
    },
    close,
  };
}
