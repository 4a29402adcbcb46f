import { createMcpHandler, type McpServer } from '@modelcontextprotocol/server';
import type { Log } from '../shared/log.ts';

/** MCP over Streamable HTTP, for requests that were let in and have their bodies with them. */
export interface HttpHandler {
  fetch(request: Request): Promise<Response>;
  /** Ends the calls and streams under way. */
  close(): Promise<void>;
}

/** Serves each request, in whichever era of the protocol it speaks, by a server made for it. */
export function createHttpHandler(factory: () => McpServer, log: Log): HttpHandler {
  const { fetch, close } = createMcpHandler(factory, {
    onerror: (error) => log.info('MCP request.', { error: error.message }),
  });
  return { fetch: (request) => fetch(request), close };
}
