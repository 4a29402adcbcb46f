import type OpenAI from 'openai';
import { isJsonObject } from '../../shared/json.ts';

type Tool = OpenAI.Beta.AssistantTool;

const schemaTypes: ReadonlySet<unknown> = new Set([
  'string',
  'number',
  'integer',
  'boolean',
  'object',
  'array',
  'null',
]);

/** The first problem of a JSON Schema, with its place; null if there is none. */
function schemaProblem(schema: unknown, path: string): string | null {
  if (typeof schema === 'boolean') return null;
  if (!isJsonObject(schema)) return `${path} has to be an object.`;
  const { type, properties, items, required, enum: values } = schema;
  const types = Array.isArray(type) ? type : type === undefined ? [] : [type];
  const unknown = types.find((name) => !schemaTypes.has(name));
  if (unknown !== undefined)
    return `${path}.type is ${JSON.stringify(unknown)}, which is no JSON type.`;
  if (values !== undefined && !Array.isArray(values)) return `${path}.enum has to be a list.`;
  if (required !== undefined && !Array.isArray(required))
    return `${path}.required has to be a list.`;
  if (properties !== undefined && !isJsonObject(properties)) {
    return `${path}.properties has to be an object.`;
  }
  const missing = (required ?? []).find(
    (name: unknown) => typeof name !== 'string' || !(name in (properties ?? {})),
  );
  if (missing !== undefined && properties !== undefined) {
    return `${path}.required names ${JSON.stringify(missing)}, which is not in properties.`;
  }
  for (const [name, property] of Object.entries(properties ?? {})) {
    const problem = schemaProblem(property, `${path}.properties.${name}`);
    if (problem !== null) return problem;
  }
  return items === undefined ? null : schemaProblem(items, `${path}.items`);
}

function toolProblem(tool: unknown, path: string): string | null {
  if (!isJsonObject(tool)) return `${path} has to be an object.`;
  if (tool['type'] === 'code_interpreter' || tool['type'] === 'file_search') return null;
  if (tool['type'] !== 'function') {
    return `${path}.type has to be 'function', 'file_search' or 'code_interpreter'.`;
  }
  const definition = tool['function'];
  if (!isJsonObject(definition)) return `${path}.function is missing.`;
  const { name, parameters } = definition;
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/u.test(name)) {
    return `${path}.function.name has to have 1 to 64 letters, digits, underscores or dashes.`;
  }
  if (parameters === undefined) return null;
  return schemaProblem(parameters, `${path}.function.parameters`);
}

/** Reads the tools that a person has written as JSON; a problem is a sentence that names the place. */
export function parseTools(
  text: string,
): { readonly tools: Tool[] } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === '' ? '[]' : text);
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : ''}` };
  }
  if (!Array.isArray(value)) return { problem: 'The tools have to be a list: [ … ].' };
  for (const [index, tool] of value.entries()) {
    const problem = toolProblem(tool, `tools[${index}]`);
    if (problem !== null) return { problem };
  }
  return { tools: value };
}
