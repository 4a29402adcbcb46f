import { once } from 'node:events';
import { pipeline, type Readable, type Writable } from 'node:stream';
import type { McpRequestContext, McpServer } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { errorMessage } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import { maxMessageBytes } from './envelope.ts';
import { createLineFilter, type Rejection } from './line-filter.ts';
import { createPendingRequests } from './pending-requests.ts';

interface Pipes {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly log: Log;
}

/** The connection of one client. */
export interface Connection {
  /** Resolves when the client has disconnected: stdin ended, or writing to stdout failed. */
  readonly closed: Promise<void>;
  /** Resolves when the client has an answer to every request. */
  readonly answered: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Creates a function that answers a line that is not a message, at the pace of the client. */
const createRejector =
  ({ stdout, log }: Pipes) =>
  async ({ id, code, message, isAnswered }: Rejection): Promise<void> => {
    log.warn('MCP message rejected', { code, error: message });
    if (!isAnswered) return;
    const canContinue = stdout.write(
      `${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`,
    );
    // The transport notices when stdout breaks.
    if (!canContinue) await once(stdout, 'drain').catch(() => {});
  };

/** Serves MCP over stdio, in the protocol version of the client's first message. */
export function connectStdio(
  factory: (era: McpRequestContext['era']) => McpServer,
  pipes: Pipes,
): Connection {
  const { stdin, stdout, log } = pipes;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const requests = createPendingRequests();
  const lines = createLineFilter({
    maxBytes: maxMessageBytes,
    reject: createRejector(pipes),
    onEnd: resolve,
    accept(message) {
      requests.received(message);
      try {
        transport.onmessage?.(message);
      } catch (error) {
        log.warn('MCP message failed', { error: errorMessage(error) });
      }
    },
  });
  // The transport reports errors of `lines`.
  pipeline(stdin, lines, () => {});
  const transport = new StdioServerTransport(lines, stdout);
  const send = transport.send.bind(transport);
  transport.send = async (message) => {
    await send(message);
    requests.sent(message);
  };
  const handle = serveStdio(({ era }) => factory(era), {
    transport,
    onerror: (error) => log.warn('MCP connection failed', { error: error.message }),
  });
  const { onclose } = transport;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a transport is not an event target
  transport.onclose = () => {
    onclose?.();
    lines.destroy();
    requests.clear();
    resolve();
  };
  return { closed, answered: requests.answered, close: () => handle.close() };
}
