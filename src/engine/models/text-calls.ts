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

/** A call in the formats that are not JSON: its name, then its arguments. */
const callPatterns: readonly RegExp[] = [
  // Qwen and Llama.
  /\s*<function=(?<name>[^>\s]+)>(?<args>.*?)<\/function>/suy,
  // MiniMax.
  /\s*<invoke name="(?<name>[^"]+)">(?<args>.*?)<\/invoke>/suy,
  // Kimi.
  /\s*<\|tool_call_begin\|>(?<name>[^<]+)<\|tool_call_argument_begin\|>(?<args>.*?)<\|tool_call_end\|>/suy,
  // DeepSeek.
  /\s*<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?(?<name>[^\n<]+)(?:<｜tool▁sep｜>|\n```json\n)(?<args>.*?)(?:\n```)?<｜tool▁call▁end｜>/suy,
  // Mistral and GLM.
  /\s*(?<name>[\w.:-]+)\s*(?:\[ARGS\]|(?=\{|<arg_key>|$))(?<args>.*)$/suy,
];

/** An argument in the formats that are not JSON. */
const argumentPatterns: readonly RegExp[] = [
  /\s*<parameter(?:=| name=")(?<key>[^">]+)"?>\n?(?<value>.*?)\n?<\/parameter>/suy,
  /\s*<arg_key>(?<key>.*?)<\/arg_key>\s*<arg_value>(?<value>.*?)<\/arg_value>/suy,
];

type Groups = Readonly<Record<string, string>>;

/** The groups of the matches of which a text consists; null if it has anything else. */
function matchesIn(text: string, pattern: RegExp): Groups[] | null {
  const matches: Groups[] = [];
  const sticky = new RegExp(pattern);
  while (sticky.lastIndex < text.length) {
    const { lastIndex } = sticky;
    const groups = sticky.exec(text)?.groups;
    if (groups === undefined) return text.slice(lastIndex).trim() === '' ? matches : null;
    matches.push(groups);
  }
  return matches;
}

/** A value as its schema wants it: what may be a string is one. */
function toValue(text: string, schema: unknown): unknown {
  const type = fieldOf(schema, 'type');
  const mayBeText = type === 'string' || (Array.isArray(type) && type.includes('string'));
  return mayBeText ? text : (parseJson(text) ?? text);
}

/** The arguments of a call as JSON text; null if they cannot be read. */
function toArguments(text: string, parameters: unknown): string | null {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.startsWith('{')) return repairArguments([trimmed]);
  for (const pattern of argumentPatterns) {
    const matches = matchesIn(trimmed, pattern);
    const properties = fieldOf(parameters, 'properties');
    if (matches !== null) {
      const entries = matches.map(({ key = '', value = '' }) => [
        key.trim(),
        toValue(value, fieldOf(properties, key.trim())),
      ]);
      return JSON.stringify(Object.fromEntries(entries));
    }
  }
  return null;
}

function toCall(writtenName: string, args: string, functions: Functions): TextCall | null {
  const name = calledFunction(writtenName.trim(), new Set(functions.keys()));
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
  for (const pattern of callPatterns) {
    const matches = matchesIn(text, pattern);
    if (matches !== null) {
      return matches.map(({ name = '', args = '' }) => toCall(name, args, functions));
    }
  }
  return null;
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
