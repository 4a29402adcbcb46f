import { fieldOf, isJsonObject, parseJson } from '../../shared/json.ts';
import { callTags } from './call-tags.ts';
import { calledFunction } from './called-function.ts';
import { repairArguments } from './call-arguments.ts';
import { withoutReasoning } from './thinking-filter.ts';

interface TextCall {
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** The functions that the model may call, and the schemas of their parameters. */
export type Functions = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** What stands before, between and after the two parts of a call or an argument that is not JSON. */
type Marks = readonly [start: string, separator: string, end: string];

/** Calls: a name and arguments. */
const callMarks: readonly Marks[] = [
  // Qwen and Llama.
  ['<function=', '>', '</function>'],
  // MiniMax.
  ['<invoke name="', '">', '</invoke>'],
  // Kimi.
  ['<|tool_call_begin|>', '<|tool_call_argument_begin|>', '<|tool_call_end|>'],
  // DeepSeek, older and newer.
  ['<｜tool▁call▁begin｜>function<｜tool▁sep｜>', '```json', '```<｜tool▁call▁end｜>'],
  ['<｜tool▁call▁begin｜>', '<｜tool▁sep｜>', '<｜tool▁call▁end｜>'],
];

const keyEnd = '</arg_key>';

/** Arguments: a key and a value. */
const argumentMarks: readonly Marks[] = [
  ['<parameter name="', '">', '</parameter>'],
  ['<parameter=', '>', '</parameter>'],
  ['<arg_key>', '<arg_value>', '</arg_value>'],
];

type Pair = readonly [string, string];

/** The pairs of which a text consists; null if it has anything else. */
function pairsIn(text: string, [start, separator, end]: Marks): Pair[] | null {
  const pairs: Pair[] = [];
  for (let rest = text.trim(); rest !== '';) {
    const separatorAt = rest.indexOf(separator, start.length);
    const endAt = rest.indexOf(end, separatorAt + separator.length);
    if (!rest.startsWith(start) || separatorAt < 0 || endAt < 0) return null;
    const second = rest.slice(separatorAt + separator.length, endAt);
    pairs.push([rest.slice(start.length, separatorAt).trim(), second]);
    rest = rest.slice(endAt + end.length).trim();
  }
  return pairs;
}

/** What follows the name in a call of Mistral and GLM. */
const argumentStarts = ['[ARGS]', '{', '<arg_key>'];

/** A name and arguments without marks around them; null if the text is something else. */
function bareCall(text: string): Pair | null {
  const starts = argumentStarts.map((start) => text.indexOf(start)).filter((index) => index >= 0);
  const nameEnd = Math.min(...starts, text.length);
  const name = text.slice(0, nameEnd).trim();
  return /^[\w.:-]{1,200}$/u.test(name)
    ? [name, text.slice(nameEnd).replace(/^\[ARGS\]/u, '')]
    : null;
}

/** A value as its schema wants it: what may be a string is one. */
function toValue(text: string, schema: unknown): unknown {
  const type = fieldOf(schema, 'type');
  const mayBeText = type === 'string' || (Array.isArray(type) && type.includes('string'));
  return mayBeText ? text : (parseJson(text) ?? text);
}

/** The arguments of a call as JSON text; null if they cannot be read. */
function toArguments(written: string, parameters: unknown): string | null {
  const trimmed = written.trim();
  if (trimmed === '' || trimmed.startsWith('{')) return repairArguments([trimmed]);
  const properties = fieldOf(parameters, 'properties');
  for (const marks of argumentMarks) {
    const entries = pairsIn(trimmed, marks)?.map(([first, value]) => {
      const key = first.replace(keyEnd, '').trim();
      // Models write the value on a line of its own.
      const text = value.replace(/^\n/u, '').replace(/\n$/u, '');
      return [key, toValue(text, fieldOf(properties, key))];
    });
    if (entries !== undefined) return JSON.stringify(Object.fromEntries(entries));
  }
  return null;
}

function toCall(writtenName: string, args: string, functions: Functions): TextCall | null {
  const name = calledFunction(writtenName, new Set(functions.keys()));
  const parameters = functions.get(name);
  const text = parameters === undefined ? null : toArguments(args, parameters);
  return text === null ? null : { name, arguments: text };
}

/** A call that is JSON; null if it is something else. */
function toJsonCall(value: unknown, functions: Functions): TextCall | null {
  const inner = fieldOf(value, 'function');
  const call = isJsonObject(inner) ? inner : value;
  const name = fieldOf(call, 'name');
  const args = fieldOf(call, 'arguments') ?? fieldOf(call, 'parameters') ?? {};
  if (typeof name !== 'string') return null;
  return toCall(name, typeof args === 'string' ? args : JSON.stringify(args), functions);
}

/** The calls between two tags; null if there is anything else. */
function callsBetween(text: string, functions: Functions): (TextCall | null)[] | null {
  const json = parseJson(text);
  if (json !== undefined) {
    const values: unknown[] = Array.isArray(json) ? json : [json];
    return values.map((value) => toJsonCall(value, functions));
  }
  const bare = bareCall(text);
  const pairs =
    bare === null
      ? callMarks.map((marks) => pairsIn(text, marks)).find((found) => found !== null)
      : [bare];
  return pairs?.map(([name, args]) => toCall(name, args, functions)) ?? null;
}

/** The first block of calls in a text that begins with one, and what follows it; null: there is none. */
function firstBlock(text: string): { readonly inner: string; readonly rest: string } | null {
  const tags = callTags.find(([begin]) => text.startsWith(begin));
  if (tags === undefined) return null;
  const [begin, close] = tags;
  const found = text.indexOf(close ?? begin, begin.length);
  const end = found < 0 ? text.length : found;
  // The name of the function is in the tag itself.
  const isNamed = begin === '<function=';
  const restStart = end + (close ?? '').length;
  const inner = isNamed ? text.slice(0, restStart) : text.slice(begin.length, end);
  return { inner: inner.trim(), rest: text.slice(restStart).trim() };
}

/**
 * The calls that a server has left in the text of an answer, where models write them. Empty unless the
 * whole text consists of calls of these functions: anything else may be meant as text.
 */
export function callsInText(text: string, functions: Functions): TextCall[] {
  const calls: TextCall[] = [];
  for (let rest = withoutReasoning(text).trim(); rest !== '';) {
    const block = firstBlock(rest);
    const found = block === null ? null : callsBetween(block.inner, functions);
    if (block === null || found === null) return [];
    for (const call of found) {
      if (call === null) return [];
      calls.push(call);
    }
    rest = block.rest;
  }
  return calls;
}
