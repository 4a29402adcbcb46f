import { STDIO_DEFAULT_MAX_BUFFER_SIZE } from '@modelcontextprotocol/server';
import {
  type JsonProblem,
  maxJsonBytes,
  maxJsonDepth,
  maxJsonValues,
} from '../shared/json-reader.ts';
import { fieldOf, isJsonObject } from '../shared/json.ts';

/** The largest message, by stdio and by HTTP: the limit of the SDKs for stdio. */
export const maxMessageBytes = STDIO_DEFAULT_MAX_BUFFER_SIZE;

/** The method whose answer is a stream of its own, whatever the client accepts. */
export const listenMethod = 'subscriptions/listen';

const sentences: Readonly<Record<JsonProblem, string>> = {
  invalid: 'The message is not valid JSON.',
  'not UTF-8': 'The message is not valid UTF-8.',
  'too deep': `The message is nested more than ${maxJsonDepth} levels deep.`,
  'too large': `The message has more than ${maxJsonBytes / 2 ** 20} MiB of JSON besides its long texts. Split it into several calls.`,
  'too many values': `The message has more than ${maxJsonValues} values. Split it into several calls.`,
};

/** Why a message cannot be read and what to do. */
export const jsonProblemSentence = (problem: JsonProblem): string => sentences[problem];

/*
 * The SDK's answers repeat some fields of a message, and list each fault in its parameters. So all of
 * a message but the arguments of a tool, which the tools check themselves, has to be small.
 */

/** In characters, of the fields that answers repeat. */
const maxFieldLength = 1024;

/** Of objects, arrays and their members; a list of faults has at most as many. */
const maxValues = 500;

/** A message that is refused because of what its answer would be. */
export interface EnvelopeProblem {
  /** The message's id, if that is short enough to be repeated. */
  readonly id: string | number | null;
  readonly sentence: string;
}

/** Whether a value is an id of the protocol. A larger number could not be answered exactly. */
export const isRequestId = (value: unknown): value is string | number =>
  typeof value === 'string' || Number.isSafeInteger(value);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isLong = (value: unknown): boolean =>
  typeof value === 'string' && value.length > maxFieldLength;

const versionField = 'io.modelcontextprotocol/protocolVersion';

/** The name of the first field that is too long to be repeated. */
function findLongField(message: object): string | undefined {
  const params = fieldOf(message, 'params');
  const meta = fieldOf(params, '_meta');
  const fields = {
    id: fieldOf(message, 'id'),
    method: fieldOf(message, 'method'),
    'params.name': fieldOf(params, 'name'),
    'params.uri': fieldOf(params, 'uri'),
    'params.taskId': fieldOf(params, 'taskId'),
    'params.ref.name': fieldOf(fieldOf(params, 'ref'), 'name'),
    'params.ref.uri': fieldOf(fieldOf(params, 'ref'), 'uri'),
    'params._meta.progressToken': fieldOf(meta, 'progressToken'),
    [`params._meta['${versionField}']`]: fieldOf(meta, versionField),
  };
  return Object.entries(fields).find(([, value]) => isLong(value))?.[0];
}

/** Whether a message has too many values outside of a tool's arguments. */
function hasManyValues(message: object): boolean {
  const isToolCall = fieldOf(message, 'method') === 'tools/call';
  const skipped = isToolCall ? fieldOf(fieldOf(message, 'params'), 'arguments') : undefined;
  const remaining: object[] = [message];
  let count = 0;
  for (let value = remaining.pop(); value !== undefined; value = remaining.pop()) {
    const members: unknown[] = Object.values(value);
    count += members.length;
    if (count > maxValues) return true;
    remaining.push(...members.filter(isObject).filter((member) => member !== skipped));
  }
  return false;
}

/** Why a message is refused before it is read any further; null if it is not. */
export function checkEnvelope(message: unknown): EnvelopeProblem | null {
  if (!isObject(message) || !('method' in message || 'id' in message)) return null;
  const id = fieldOf(message, 'id');
  const ownId = isRequestId(id) && !isLong(id) ? id : null;
  const field = findLongField(message);
  if (field !== undefined) {
    const sentence = `The field ${field} is longer than ${maxFieldLength} characters. Send a shorter one.`;
    return { id: ownId, sentence };
  }
  if (!('method' in message) || !hasManyValues(message)) return null;
  const sentence = `The message has more than ${maxValues} values outside of a tool's arguments. Send fewer.`;
  return { id: ownId, sentence };
}

export const noMessage = 'The message is not a JSON-RPC 2.0 request, notification or response.';

const idKind = `a string or an integer up to ${Number.MAX_SAFE_INTEGER}`;

function describeFault(message: unknown): string | null {
  if (!isJsonObject(message)) return noMessage;
  if ('result' in message || 'error' in message) return 'method' in message ? noMessage : null;
  const { jsonrpc, id, method, params } = message;
  const meta = fieldOf(params, '_meta');
  const token = fieldOf(meta, 'progressToken');
  const faults = {
    'jsonrpc must be "2.0"': jsonrpc !== '2.0',
    'method must be a string': typeof method !== 'string',
    [`id must be ${idKind}`]: 'id' in message && !isRequestId(id),
    'params must be an object': params !== undefined && !isJsonObject(params),
    'params._meta must be an object': meta !== undefined && !isJsonObject(meta),
    [`params._meta.progressToken must be ${idKind}`]: token !== undefined && !isRequestId(token),
  };
  const fault = Object.entries(faults).find(([, isFault]) => isFault)?.[0];
  return fault === undefined ? null : `The field ${fault}.`;
}

/** What is wrong with a request or notification; null if nothing is, or if the message is a response. */
export function findFault(message: unknown): EnvelopeProblem | null {
  const sentence = describeFault(message);
  const id = fieldOf(message, 'id');
  return sentence === null ? null : { id: isRequestId(id) ? id : null, sentence };
}
