import { fieldOf, parseJson } from '../../shared/json.ts';
import { repairArguments } from './call-arguments.ts';
import { callTag, withoutReasoning } from './thinking-filter.ts';

const endTag = '</tool_call>';

interface TextCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

function toTextCall(json: string, functionNames: ReadonlySet<string>): TextCall | null {
  const call = parseJson(json);
  const name = fieldOf(call, 'name');
  const args = fieldOf(call, 'arguments') ?? {};
  if (typeof name !== 'string' || !functionNames.has(name)) return null;
  const text = repairArguments([typeof args === 'string' ? args : JSON.stringify(args)]);
  return text === null ? null : { name, arguments: text };
}

/**
 * The calls that a server has left in the text of an answer, where models write them. Empty unless the
 * whole text consists of calls of these functions: anything else may be meant as text.
 */
export function callsInText(text: string, functionNames: ReadonlySet<string>): TextCall[] {
  const calls: TextCall[] = [];
  for (let rest = withoutReasoning(text).trim(); rest !== '';) {
    if (!rest.startsWith(callTag)) return [];
    const end = rest.indexOf(endTag);
    const json = rest.slice(callTag.length, end < 0 ? rest.length : end);
    const call = toTextCall(json, functionNames);
    if (call === null) return [];
    calls.push(call);
    rest = end < 0 ? '' : rest.slice(end + endTag.length).trim();
  }
  return calls;
}
