import { Transform } from 'node:stream';
import { callbackify } from 'node:util';
import {
  INVALID_REQUEST,
  type JSONRPCMessage,
  PARSE_ERROR,
  parseJSONRPCMessage,
} from '@modelcontextprotocol/server';
import { JsonError } from '../shared/json-reader.ts';
import { createLineBuffer, type Line } from './line-buffer.ts';
import {
  checkEnvelope,
  findFault,
  isRequestId,
  jsonProblemSentence,
  noMessage,
} from './envelope.ts';
import { repairMessage } from './repaired-message.ts';

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
  /** Takes a message; lines that follow come later. */
  readonly accept: (message: JSONRPCMessage) => void;
  /** Answers the client; lines that follow wait for it. */
  readonly reject: (rejection: Rejection) => Promise<void>;
  /** Called after the last line. */
  readonly onEnd: () => void;
}

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
function findId({ start, end }: Line): Rejection['id'] {
  const match =
    idPatterns.start.exec(start.toString('latin1')) ?? idPatterns.end.exec(end.toString('latin1'));
  const text = match?.groups?.['id'];
  const value: unknown = text === undefined ? null : JSON.parse(text);
  return isRequestId(value) ? value : null;
}

type Checked = { readonly message: JSONRPCMessage } | { readonly rejection: Rejection };

const refuse = (id: Rejection['id'], message: string): Checked => ({
  rejection: { id, code: INVALID_REQUEST, message, isAnswered: true },
});

/** The message that a value is, or why it is none. */
function checkMessage(value: unknown): Checked {
  const problem = checkEnvelope(value);
  const fields: object = typeof value === 'object' && value !== null ? value : {};
  if (problem !== null) {
    const isAnswered = 'method' in fields && 'id' in fields;
    const { id, sentence: message } = problem;
    return { rejection: { id, code: INVALID_REQUEST, message, isAnswered } };
  }
  if (Array.isArray(value)) {
    return refuse(null, 'Batches are not supported. Send one JSON-RPC message per line.');
  }
  const message = repairMessage(value);
  const fault = findFault(message);
  if (fault !== null) return refuse(fault.id, fault.sentence);
  try {
    return { message: parseJSONRPCMessage(message) };
  } catch {
    // Only a response has faults that are not found above, and nobody answers a response.
    return {
      rejection: { id: null, code: INVALID_REQUEST, message: noMessage, isAnswered: false },
    };
  }
}

function describeJsonError({ problem }: JsonError, line: Line): Checked {
  switch (problem) {
    case 'invalid':
      return {
        rejection: parseError('The line is not valid JSON. Send one JSON-RPC message per line.'),
      };
    case 'not UTF-8':
      return { rejection: parseError('The line is not valid UTF-8.') };
    case 'too deep':
    case 'too large':
    case 'too many values':
      return refuse(findId(line), jsonProblemSentence(problem));
  }
}

/** The message of a line, or why it is rejected; null for an empty line. */
async function checkLine(line: Line, maxBytes: number): Promise<Checked | null> {
  const { reader } = line;
  if (reader === null) {
    const limit = `${maxBytes / 2 ** 20} MiB`;
    return refuse(
      findId(line),
      `The message is larger than ${limit}, the limit of one line. Send a smaller one.`,
    );
  }
  try {
    const value = await reader.finish();
    return value === undefined ? null : checkMessage(value);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return describeJsonError(error, line);
  }
}

/**
 * Creates a stream whose input are lines and which has no output: `accept` gets their messages in
 * order, `reject` all other lines. The SDK's own reader ignores or disconnects clients that send them.
 * The stream does not end by itself, so that the SDK still answers what it has read.
 */
export function createLineFilter(options: LineFilterOptions): Transform {
  const { maxBytes, accept, reject, onEnd } = options;
  const buffer = createLineBuffer(maxBytes);
  const endLine = async () => {
    const checked = await checkLine(buffer.take(), maxBytes);
    if (checked === null || stream.destroyed) return;
    if ('message' in checked) accept(checked.message);
    else await reject(checked.rejection);
  };
  const filter = async (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      buffer.add(chunk.subarray(start, end));
      start = end + 1;
      await endLine();
    }
    if (start < chunk.length) buffer.add(chunk.subarray(start));
  };
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => callbackify(filter)(chunk, done),
    // The last line may lack its end.
    flush: () => void endLine().then(onEnd, (error: Error) => stream.destroy(error)),
  });
  return stream;
}
