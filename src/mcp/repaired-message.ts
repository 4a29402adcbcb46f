import { fieldOf, isJsonObject } from '../shared/json.ts';
import { parseJsonText } from '../shared/json-text.ts';

/** The arguments of a call without arguments, as clients send them: null, an empty list or text. */
const isNothing = (args: unknown): boolean =>
  args === null || args === '' || (Array.isArray(args) && args.length === 0);

function repairArguments(args: unknown): unknown {
  const value = typeof args === 'string' && args !== '' ? parseJsonText(args) : args;
  if (isNothing(value)) return {};
  return isJsonObject(value) ? value : args;
}

/**
 * A message without the nulls and the JSON text that some clients send in the place of parameters: the
 * SDK would refuse it without naming them.
 */
export function repairMessage(message: unknown): unknown {
  if (!isJsonObject(message) || typeof message['method'] !== 'string') return message;
  const { params, ...request } = message;
  if (params === null) return request;
  const args = fieldOf(params, 'arguments');
  if (message['method'] !== 'tools/call' || !isJsonObject(params) || args === undefined) {
    return message;
  }
  return { ...message, params: { ...params, arguments: repairArguments(args) } };
}
