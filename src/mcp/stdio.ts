import type { Readable, Writable } from 'node:stream';
import type { McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type { Log } from '../shared/log.ts';

interface Pipes {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly log: Log;
}

/** A client's connection over a pair of pipes. */
export interface Connection {
  /** Resolves when the client has gone: stdin ended, or stdout can no longer be written. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

/** Serves MCP over pipes, in whichever era of the protocol the client opens with. */
export function serve(factory: () => McpServer, { stdin, stdout, log }: Pipes): Connection {
  const transport = new StdioServerTransport(stdin, stdout);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const handle = serveStdio(factory, {
    transport,
    onerror: (error) => log.warn('MCP connection.', { error: error.message }),
  });
  const { onclose } = transport;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is no event target
  transport.onclose = () => {
    onclose?.();
    resolve();
  };
  return { closed, close: () => handle.close() };
}
