import {
  createMcpHandler,
  type McpRequestContext,
  type McpServer,
} from '@modelcontextprotocol/server';
import type { Log } from '../shared/log.ts';

/** MCP over Streamable HTTP, for requests that passed the access checks and have their body read. */
export interface HttpHandler {
  fetch(request: Request): Promise<Response>;
  /** Ends all calls and streams in progress. */
  close(): Promise<void>;
}

/** Creates one MCP server per request; the request's protocol version decides how it is served. */
export function createHttpHandler(factory: (url: URL) => McpServer, log: Log): HttpHandler {
  const createServer = ({ requestInfo }: McpRequestContext) => {
    if (requestInfo === undefined) throw new Error('an MCP server was created without a request');
    return factory(new URL(requestInfo.url));
  };
  const { fetch, close } = createMcpHandler(createServer, {
    onerror: (error) => log.info('MCP request failed', { error: error.message }),
  });
  return { fetch: (request) => fetch(request), close };
}
