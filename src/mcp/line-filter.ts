import { isUtf8 } from 'node:buffer';
import { Transform } from 'node:stream';
import { callbackify } from 'node:util';
import { INVALID_REQUEST, PARSE_ERROR, parseJSONRPCMessage } from '@modelcontextprotocol/server';
import { createLineBuffer, type Line } from './line-buffer.ts';
import { checkEnvelope, isRequestId } from './envelope.ts';

/** A line that is not a JSON-RPC message, as a JSON-RPC error. */
export interface Rejection {
  /** The request's id; null when it cannot be read. */
  readonly id: string | number | null;
  readonly code: number;
  readonly message: string;
  /** Whether the client expects an answer: it sent no response. */
  readonly isAnswered: boolean;
}

interface LineFilterOptions {
  readonly maxBytes: number;
  /** Answers the client; lines that follow wait for it. */
  readonly reject: (rejection: Rejection) => Promise<void>;
}

const newline = Buffer.from('\n');

const parseError = (message: string): Rejection => ({
  id: null,
  code: PARSE_ERROR,
  message,
  isAnswered: true,
});

/** SDKs write the id among the first or the last members; one brace ends the outermost object. */
const idPatterns = {
  start:
    /^\s{0,9}\{\s{0,9}(?:"(?:jsonrpc|method)"\s{0,9}:\s{0,9}"[ !#-[\]-~]{0,200}"\s{0,9},\s{0,9}){0,2}"id"\s{0,9}:\s{0,9}(?<id>-?(?:0|[1-9]\d{0,15})|"[ !#-[\]-~]{0,200}")\s{0,9},/u,
  end: /,\s{0,9}"id"\s{0,9}:\s{0,9}(?<id>-?(?:0|[1-9]\d{0,15})|"[ !#-[\]-~]{0,200}")\s{0,9}(?:,\s{0,9}"(?:jsonrpc|method)"\s{0,9}:\s{0,9}"[ !#-[\]-~]{0,200}"\s{0,9}){0,2}\}\s{0,9}$/u,
};

/** The id of a request of which only both ends are known; null if it is in neither. */
function findId({ start, end }: Line & { kind: 'too long' }): Rejection['id'] {
  const match =
    idPatterns.start.exec(start.toString('latin1')) ?? idPatterns.end.exec(end.toString('latin1'));
  const text = match?.groups?.['id'];
  const value: unknown = text === undefined ? null : JSON.parse(text);
  return isRequestId(value) ? value : null;
}

/** Why a value is no message; null for a message. */
function checkMessage(message: unknown): Rejection | null {
  const problem = checkEnvelope(message);
  const fields: object = typeof message === 'object' && message !== null ? message : {};
  if (problem !== null) {
    const isAnswered = 'method' in fields && 'id' in fields;
    return { id: problem.id, code: INVALID_REQUEST, message: problem.sentence, isAnswered };
  }
  try {
    parseJSONRPCMessage(message);
    return null;
  } catch {
    // The SDK's error is a list of everything that any kind of message would need.
    const messageId: unknown = Reflect.get(fields, 'id');
    return {
      id: isRequestId(messageId) ? messageId : null,
      code: INVALID_REQUEST,
      message: Array.isArray(message)
        ? 'Batches are not supported. Send one JSON-RPC message per line.'
        : 'The line is not a JSON-RPC 2.0 request, notification or response.',
      isAnswered: 'method' in fields || !('result' in fields || 'error' in fields),
    };
  }
}

/** Why a line is rejected; null for a message and for an empty line. */
function checkLine(line: Line, maxBytes: number): Rejection | null {
  if (line.kind === 'too long') {
    const limit = `${maxBytes / 2 ** 20} MiB`;
    const message = `The message is larger than ${limit}, the limit of one line. Send a smaller one.`;
    return { id: findId(line), code: INVALID_REQUEST, message, isAnswered: true };
  }
  if (!isUtf8(line.bytes)) return parseError('The line is not valid UTF-8.');
  const text = line.bytes.toString();
  if (text.trim() === '') return null;
  try {
    return checkMessage(JSON.parse(text));
  } catch {
    return parseError('The line is not valid JSON. Send one JSON-RPC message per line.');
  }
}

/**
 * Creates a stream that passes on complete lines with valid JSON-RPC messages, one per chunk, and
 * rejects all others. The SDK's reader ignores or disconnects clients that send them.
 */
export function createLineFilter({ maxBytes, reject }: LineFilterOptions): Transform {
  const buffer = createLineBuffer(maxBytes);
  const filter = async (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      buffer.add(chunk.subarray(start, end));
      start = end + 1;
      const line = buffer.take();
      const rejection = checkLine(line, maxBytes);
      if (rejection !== null) await reject(rejection);
      else if (line.kind === 'complete') stream.push(Buffer.concat([line.bytes, newline]));
    }
    if (start < chunk.length) buffer.add(chunk.subarray(start));
  };
  const stream = new Transform({
    readableObjectMode: true,
    transform: (chunk: Buffer, _encoding, done) => callbackify(filter)(chunk, done),
  });
  return stream;
}
