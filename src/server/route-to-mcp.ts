import { maxMessageBytes, requestError } from '../mcp/http.ts';
import type { Clock } from '../shared/clock.ts';
import { ApiError } from '../shared/errors.ts';
import { JsonRequest } from '../shared/json-request.ts';
import type { IncomingCall } from './access.ts';
import { readJsonBody } from './body.ts';
import { serverErrors } from './errors.ts';
import { readMethods } from './methods.ts';
import type { RequestContext } from './request-context.ts';

interface McpRoute {
  /** Handles MCP requests, whose body has been read. */
  readonly mcp: (request: Request) => Promise<Response>;
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly requestContext: RequestContext;
}

/** The response to an MCP request that is refused before MCP: an MCP client expects JSON-RPC. */
function mcpError(error: unknown, { log }: RequestContext): Response {
  if (!(error instanceof ApiError)) throw error;
  log.info(error.message, { status: error.status });
  return requestError(error);
}

/** The response to an MCP request without the token. */
export function mcpTokenError(error: unknown, context: RequestContext): Response {
  if (!(error instanceof ApiError)) throw error;
  return mcpError(serverErrors.mcpTokenRequired(error.code === 'invalid_api_key'), context);
}

/** Sends a request to MCP with its body read. */
export async function routeToMcp(
  { request, url, incoming }: IncomingCall,
  { mcp, maxBodyBytes, clock, requestContext }: McpRoute,
): Promise<Response> {
  const { method, headers, signal } = request;
  const init = { method, headers: [...headers], signal };
  if (readMethods.has(method)) return mcp(new Request(url, init));
  const maxBytes = Math.min(maxBodyBytes, maxMessageBytes);
  return readJsonBody(incoming, maxBytes, clock).then(
    (reader) => mcp(new JsonRequest(url, init, reader)),
    (error: unknown) => mcpError(error, requestContext),
  );
}
