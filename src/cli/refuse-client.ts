import type { Readable, Writable } from 'node:stream';

/*
 * MCP hosts show the error of a request, but rarely what a server prints. Part of the entry point:
 * only syntax of Node 14.
 */
interface Client {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  /** Calls back after the time in which a client should have asked something. */
  readonly startTimer: (onTimeout: () => void) => unknown;
}

/** In characters. */
const maxUnreadLength = 2 ** 20;

const internalError = -32_603;

interface ClientRequest {
  readonly id: unknown;
  readonly method: unknown;
}

/** The request of a line; null for anything that has no answer. */
function parseRequest(line: string): ClientRequest | null {
  try {
    const message: unknown = JSON.parse(line.replace(/^\uFEFF/, ''));
    if (typeof message !== 'object' || message === null || Array.isArray(message)) return null;
    const id: unknown = Reflect.get(message, 'id');
    const method: unknown = Reflect.get(message, 'method');
    return id === undefined || id === null || method === undefined ? null : { id, method };
  } catch {
    return null;
  }
}

/**
 * Answers the requests of an MCP client with an error: why this program cannot start. Resolves after
 * the answer to `initialize`, which a client sends first or after `server/discover`; or when the
 * client disconnects or the time is over. Resolves at once where stdin is a terminal.
 */
export function refuseClient({ stdin, stdout, startTimer }: Client, message: string) {
  return new Promise<void>((resolve) => {
    if (stdin.isTTY === true) return resolve();
    let unread = '';
    const answer = (line: string) => {
      const request = parseRequest(line);
      if (request === null) return;
      const error = { code: internalError, message };
      stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: request.id, error })}\n`);
      if (request.method === 'initialize') resolve();
    };
    stdin.setEncoding('utf8');
    stdin.on('data', (text: string) => {
      const lines = (unread + text).split('\n');
      unread = lines.pop() || '';
      lines.forEach(answer);
      if (unread.length > maxUnreadLength) resolve();
    });
    stdin.on('end', () => {
      answer(unread);
      resolve();
    });
    stdin.on('error', () => resolve());
    stdin.on('close', () => resolve());
    startTimer(resolve);
  });
}
