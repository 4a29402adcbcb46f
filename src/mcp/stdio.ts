import type { Readable, Writable } from 'node:stream';
import type { McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type { Log } from '../shared/log.ts';

interface Pipes {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly log: Log;
}

/** The connection of one client. */
export interface Connection {
  /** Resolves when the client has disconnected: stdin ended, or writing to stdout failed. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** Serves MCP over stdio, in the protocol version of the client's first message. */
export function connectStdio(factory: () => McpServer, { stdin, stdout, log }: Pipes): Connection {
  const transport = new StdioServerTransport(stdin, stdout);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const handle = serveStdio(factory, {
    transport,
    onerror: (error) => log.warn('MCP connection failed', { error: error.message }),
  });
  const { onclose } = transport;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is not an event target
  transport.onclose = () => {
    onclose?.();
    resolve();
  };
  return { closed, close: () => handle.close() };
}
