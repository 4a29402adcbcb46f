import { maxPairs, maxValueLength } from '../../schema/common.ts';
import { exceedsLength } from '../../schema/limits.ts';
import { fieldOf, isJsonObject } from '../../shared/json.ts';
import type { Fields } from './field-names.ts';
import type { Note } from './changes.ts';

/* Tools and tool calls of API version v1 and of other services → those of this API. */

export const knownTypes: ReadonlySet<unknown> = new Set([
  'code_interpreter',
  'file_search',
  'function',
]);

const asObject = (tool: unknown): unknown => (typeof tool === 'string' ? { type: tool } : tool);

/** A function tool whose definition stands beside its type, as in the Responses API. */
function nestFunction(tool: Fields): Fields {
  if (tool['type'] !== 'function' || tool['function'] !== undefined) return tool;
  const { type, ...definition } = tool;
  return definition['name'] === undefined ? tool : { type, function: definition };
}

/** Tools without those that this API does not have; `retrieval` of version v1 becomes `file_search`. */
export function toTools(value: unknown, note: Note): unknown {
  if (!Array.isArray(value)) return value;
  return value.flatMap((item: unknown) => {
    const tool = asObject(item);
    if (!isJsonObject(tool) || typeof tool['type'] !== 'string') return [item];
    const { type } = tool;
    if (type === 'retrieval') {
      note('Changed', "tool 'retrieval' is now 'file_search'", 'tools');
      return [{ type: 'file_search' }];
    }
    if (knownTypes.has(type)) return [nestFunction(tool)];
    note('Dropped', `tool of type '${type}'`, 'tools');
    return [];
  });
}

export function toToolChoice(value: unknown, note: Note): unknown {
  if (!isJsonObject(value) || knownTypes.has(value['type'])) return value;
  if (value['type'] === 'retrieval') return { type: 'file_search' };
  if (typeof value['type'] !== 'string') return value;
  note('Dropped', `'tool_choice' of type '${value['type']}'`, 'tool_choice');
  return 'auto';
}

export const resourceNames: ReadonlySet<string> = new Set(['code_interpreter', 'file_search']);

/** Notes the resources of tools that this API does not have; they are not stored. */
export function checkToolResources(value: unknown, note: Note): void {
  if (!isJsonObject(value)) return;
  for (const [name, resource] of Object.entries(value)) {
    const isEmpty = !isJsonObject(resource) || Object.keys(resource).length === 0;
    if (!resourceNames.has(name) && !isEmpty) {
      note('Dropped', `'tool_resources.${name}'`, `tool_resources.${name}`);
    }
  }
}

/** The files of an assistant of version v1 for its tools. */
export function addAssistantFiles(fields: Fields, note: Note): Fields {
  const { file_ids, ...rest } = fields;
  if (!Array.isArray(file_ids) || file_ids.length === 0) return rest;
  const tools = Array.isArray(fields['tools']) ? fields['tools'] : [];
  const types = new Set(tools.map((tool: unknown) => fieldOf(asObject(tool), 'type')));
  const isSearched = types.has('retrieval') || types.has('file_search');
  const result: Fields = { ...rest };
  if (types.has('code_interpreter') || !isSearched) {
    note(
      'Changed',
      "'file_ids' of an assistant are now in 'tool_resources.code_interpreter'",
      'file_ids',
    );
    const resources = isJsonObject(rest['tool_resources']) ? rest['tool_resources'] : {};
    result['tool_resources'] = { ...resources, code_interpreter: { file_ids } };
  }
  if (isSearched) {
    const metadata = { ...Object(rest['metadata'] ?? {}), file_ids: file_ids.join(',') };
    const fits =
      !exceedsLength(metadata.file_ids, maxValueLength) && Object.keys(metadata).length <= maxPairs;
    note(
      fits ? 'Kept' : 'Dropped',
      `'file_ids' of an assistant for 'file_search'${fits ? " in 'metadata'" : ''}; add the files to a vector store and name it in 'tool_resources.file_search'`,
      'file_ids',
    );
    if (fits) result['metadata'] = metadata;
  }
  return result;
}

const toJsonText = (value: unknown): unknown =>
  typeof value === 'string' || value === undefined ? value : JSON.stringify(value);

function toFunctionCall(call: Fields): Fields {
  const definition = call['function'];
  if (!isJsonObject(definition)) return call;
  const { output = null, ...rest } = definition;
  const args = toJsonText(definition['arguments'] ?? undefined);
  const fields = { ...rest, ...(args !== undefined && { arguments: args }) };
  return { ...call, function: { ...fields, output: output === null ? null : toJsonText(output) } };
}

/** A call of a tool that this API does not have, as a call of a function with that name. */
function toForeignCall({ id, type, ...details }: Fields, note: Note): Fields {
  note('Changed', `call of tool '${String(type)}' is now a call of a function`, 'step_details');
  return {
    id,
    type: 'function',
    function: { name: type, arguments: JSON.stringify(details), output: null },
  };
}

function toToolCall(call: unknown, note: Note): unknown {
  if (!isJsonObject(call) || typeof call['type'] !== 'string') return call;
  switch (call['type']) {
    case 'function':
      return toFunctionCall(call);
    case 'retrieval': {
      note('Changed', "tool 'retrieval' is now 'file_search'", 'step_details');
      return { id: call['id'], type: 'file_search', file_search: {} };
    }
    case 'file_search':
      return isJsonObject(call['file_search']) ? call : { ...call, file_search: {} };
    case 'code_interpreter': {
      const details = call['code_interpreter'];
      if (!isJsonObject(details) || Array.isArray(details['outputs'])) return call;
      return { ...call, code_interpreter: { ...details, outputs: details['outputs'] ?? [] } };
    }
    default:
      return toForeignCall(call, note);
  }
}

/** The details of a step, whose calls are those of this API's tools. */
export function toStepDetails(value: unknown, note: Note): unknown {
  if (!isJsonObject(value) || !Array.isArray(value['tool_calls'])) return value;
  return {
    ...value,
    tool_calls: value['tool_calls'].map((call: unknown) => toToolCall(call, note)),
  };
}
