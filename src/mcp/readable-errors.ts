import type { JSONRPCMessage, McpServer } from '@modelcontextprotocol/server';
import { INVALID_PARAMS } from '@modelcontextprotocol/server';
import { fieldOf, parseJson } from '../shared/json.ts';
import { cutText } from '../shared/text.ts';
import { maxErrorLength } from './result.ts';

/** What the SDK says before the list of faults in a request; nothing for most methods. */
const faultList = /^(?:Invalid [a-z/]+ request: )?(?<issues>\[\s*\{.*\}\s*\])$/su;

/** The first of the faults in a request as a sentence; null for any other error. */
function describeFirstFault(message: string): string | null {
  const issues = parseJson(faultList.exec(message)?.groups?.['issues'] ?? '');
  if (!Array.isArray(issues)) return null;
  const [path, fault] = [fieldOf(issues[0], 'path'), fieldOf(issues[0], 'message')];
  const field = Array.isArray(path) && path.length > 0 ? path.join('.') : 'params';
  const reason = /^Invalid input: (?<reason>.*)$/su.exec(String(fault))?.groups?.['reason'];
  if (reason?.endsWith('received undefined') === true) return `The field ${field} is missing.`;
  return `The field ${field} is invalid${reason === undefined ? '' : `: ${reason}`}.`;
}

/** The SDK reports faulty parameters as JSON, and for most methods as an internal error. */
function toReadable(message: JSONRPCMessage): JSONRPCMessage {
  if (!('error' in message)) return message;
  const { error } = message;
  const fault = describeFirstFault(error.message);
  const code = fault === null ? error.code : INVALID_PARAMS;
  const text = cutText(fault ?? error.message, maxErrorLength);
  return { ...message, error: { ...error, code, message: text } };
}

/** Makes a server send errors that say in one sentence which field is wrong. */
export function sendReadableErrors(server: McpServer): void {
  const connect = server.connect.bind(server);
  server.connect = async (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(toReadable(message), options);
    await connect(transport);
  };
}
