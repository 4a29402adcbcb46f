import {
  createMcpHandler,
  INVALID_REQUEST,
  type McpRequestContext,
  type McpServer,
} from '@modelcontextprotocol/server';
import { cutText } from '../shared/text.ts';
import { ApiError } from '../shared/errors.ts';
import { JsonError } from '../shared/json-reader.ts';
import { JsonRequest } from '../shared/json-request.ts';
import type { Log } from '../shared/log.ts';
import { checkEnvelope, type EnvelopeProblem, jsonProblemSentence } from './envelope.ts';
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

/** Creates one MCP server per request; the request's protocol version decides how it is served. */
export function createHttpHandler(factory: (url: URL) => McpServer, log: Log): HttpHandler {
  const createServer = ({ requestInfo }: McpRequestContext) => {
    if (requestInfo === undefined) throw new Error('an MCP server was created without a request');
    return factory(new URL(requestInfo.url));
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
        return problem === null
          ? await fetch(request, { parsedBody })
          : requestError(new ApiError(400, problem.sentence), problem.id);
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        // The SDK answers invalid JSON like a missing body.
        if (error.problem === 'invalid') return fetch(request);
        return requestError(new ApiError(400, jsonProblemSentence(error.problem)));
      }
    },
    close,
  };
}
