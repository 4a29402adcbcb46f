import { CLIENT_CAPABILITIES_META_KEY } from '@modelcontextprotocol/server';
import { fieldOf, isJsonObject } from '../shared/json.ts';
import { parseJsonText } from '../shared/json-text.ts';

/*
 * Clients send messages that are not quite those of the protocol: null for what is unset, an empty list
 * for an empty object, and parameters as JSON text. The SDK would refuse them.
 */

type JsonObject = Readonly<Record<string, unknown>>;

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** The arguments of a call without arguments, as clients send them: null, an empty list or text. */
const isNothing = (args: unknown): boolean => args === null || args === '' || isEmptyList(args);

function repairArguments(args: unknown): unknown {
  const value = typeof args === 'string' && args !== '' ? parseJsonText(args) : args;
  if (isNothing(value)) return {};
  return isJsonObject(value) ? value : args;
}

/** The value without members that are null, at any depth. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

/** What a client declares by an object, by true, or by an empty list. */
const isDeclared = (value: unknown): boolean =>
  isJsonObject(value) || value === true || isEmptyList(value);

/** The part of a client's capabilities that the program uses. */
function repairCapabilities(capabilities: unknown): object {
  const elicitation = fieldOf(capabilities, 'elicitation');
  if (!isDeclared(elicitation)) return {};
  const modes = ['form', 'url'].filter((mode) => isDeclared(fieldOf(elicitation, mode)));
  return { elicitation: Object.fromEntries(modes.map((mode) => [mode, {}])) };
}

const textOr = (value: unknown, fallback: string): string =>
  typeof value === 'string' ? value : fallback;

/** The handshake, reduced to what the program uses: no other fault of a client prevents it. */
function repairInitialize({ protocolVersion, capabilities, clientInfo, ...others }: JsonObject) {
  return {
    ...others,
    // A version that is unknown, as this one, is answered with the newest.
    protocolVersion: textOr(protocolVersion, ''),
    capabilities: repairCapabilities(capabilities),
    clientInfo: {
      name: textOr(fieldOf(clientInfo, 'name'), 'unknown'),
      version: textOr(fieldOf(clientInfo, 'version'), 'unknown'),
    },
  };
}

/** An object that may be written as an empty list, and whose members may. */
function repairObjects(value: unknown): unknown {
  if (isEmptyList(value) || value === null) return {};
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    isEmptyList(member) ? {} : member,
  ]);
  return withoutNulls(Object.fromEntries(members));
}

/** Every request of protocol 2026-07-28 has the capabilities of its client. */
function repairMeta(meta: unknown): unknown {
  if (isEmptyList(meta)) return {};
  if (!isJsonObject(meta) || !(CLIENT_CAPABILITIES_META_KEY in meta)) return withoutNulls(meta);
  const capabilities = repairObjects(meta[CLIENT_CAPABILITIES_META_KEY]);
  return { ...Object(withoutNulls(meta)), [CLIENT_CAPABILITIES_META_KEY]: capabilities };
}

const hasArguments: ReadonlySet<string> = new Set(['tools/call', 'prompts/get']);

function repairParams(method: string, params: JsonObject): JsonObject {
  const { arguments: args, _meta: meta, ...others } = params;
  const meantArgs = hasArguments.has(method) ? repairArguments(args) : args;
  // Nulls in the arguments of a tool are the tool's matter.
  const givenArgs = method === 'tools/call' ? meantArgs : withoutNulls(meantArgs);
  const repaired: JsonObject = {
    ...Object(withoutNulls(others)),
    ...(args !== undefined && givenArgs !== null && { arguments: givenArgs }),
    ...(meta !== undefined && meta !== null && { _meta: repairMeta(meta) }),
  };
  return method === 'initialize' ? repairInitialize(repaired) : repaired;
}

/** The request or notification that a client meant. Other messages are unchanged. */
export function repairMessage(message: unknown): unknown {
  if (Array.isArray(message)) return message.map(repairMessage);
  if (!isJsonObject(message) || typeof message['method'] !== 'string') return message;
  const { params, ...members } = message;
  const { method } = message;
  const isNotification = method.startsWith('notifications/');
  // Some clients send every member that any message can have.
  const given = Object.entries(members).filter(
    ([name, value]) => value !== null || (name === 'id' && !isNotification),
  );
  const request = Object.fromEntries(given);
  if (isJsonObject(params)) return { ...request, params: repairParams(method, params) };
  const isAbsent = params === undefined || params === null || isEmptyList(params);
  if (!isAbsent) return { ...request, params };
  return method === 'initialize' ? { ...request, params: repairInitialize({}) } : request;
}
