import * as z from 'zod';
import { isObject } from '../schema/common.ts';
import type { Tool } from './tool.ts';
import { annotations } from './toolsets.ts';

/** A JSON Schema (2020-12) of an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON values that a schema's `type` allows, without null. */
const typesOf = ({ type }: JsonSchema): readonly unknown[] =>
  (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null');

const isNullType = (schema: JsonSchema): boolean => schema['type'] === 'null';

/** The alternatives of a union, with nested unions flattened. */
function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const union = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(union)) return [schema];
  return union.filter(isObject).flatMap(branchesOf);
}

const propertiesOf = ({ properties }: JsonSchema): JsonSchema =>
  isObject(properties) ? properties : {};

/** The constant of a branch's `type` property, such as `code_interpreter`. */
function typeTagOf(schema: JsonSchema): unknown {
  const { type } = propertiesOf(schema);
  return isObject(type) && Array.isArray(type['enum']) ? type['enum'][0] : undefined;
}

const requiredKeys = ({ required }: JsonSchema): readonly unknown[] =>
  Array.isArray(required) ? required : [];

/** Merges branches with a `type` tag into one object: each type's details have the type's name. */
function mergeTagged(branches: readonly JsonSchema[]): readonly JsonSchema[] {
  const tagged = branches.filter((branch) => typeTagOf(branch) !== undefined);
  if (tagged.length < 2) return branches;
  const properties = Object.fromEntries(
    tagged.flatMap((branch) => Object.entries(propertiesOf(branch))),
  );
  const merged: JsonSchema = {
    type: 'object',
    properties: { ...properties, type: { type: 'string', enum: tagged.map(typeTagOf) } },
    required: tagged
      .map(requiredKeys)
      .reduce((common, keys) => common.filter((key) => keys.includes(key))),
  };
  return [...branches.filter((branch) => !tagged.includes(branch)), merged];
}

/** A union has no other keyword beside `anyOf`, so its first branch has the description. */
function portableUnion({ description, ...schema }: JsonSchema): JsonSchema {
  const nonNull = branchesOf(schema).filter((branch) => !isNullType(branch));
  const [first = {}, ...others] = mergeTagged(nonNull.map((branch) => portable(branch)));
  const described = description === undefined ? first : { ...first, description };
  return others.length === 0 ? described : { anyOf: [described, ...others] };
}

/** Limits from these values on are not listed, because callers stay far below; tools check them. */
const negligibleLimits: Readonly<Record<string, number>> = {
  minimum: Infinity,
  maximum: Number.MAX_SAFE_INTEGER,
  minItems: Infinity,
  maxItems: 100,
};

/** The keywords of the schema of a value that is no union. */
function* portableKeywords(schema: JsonSchema): Generator<readonly [string, unknown]> {
  const { const: constant, enum: values, properties, items, required, description } = schema;
  const [type] = constant === undefined ? typesOf(schema) : [typeof constant];
  if (type !== undefined) yield ['type', type];
  if (description !== undefined) yield ['description', description];
  if (constant !== undefined) yield ['enum', [constant]];
  if (Array.isArray(values)) yield ['enum', values.filter((value) => value !== null)];
  if (isObject(properties)) yield ['properties', portableProperties(properties)];
  if (isObject(items)) yield ['items', portable(items)];
  if (Array.isArray(required)) yield ['required', required];
  for (const [keyword, limit] of Object.entries(negligibleLimits)) {
    const value = schema[keyword];
    if (typeof value === 'number' && value < limit) yield [keyword, value];
  }
}

const portableProperties = (properties: JsonSchema): JsonSchema =>
  Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      isObject(schema) && !isNullType(schema) ? [[name, portable(schema)]] : [],
    ),
  );

/** A schema of the keywords that every model provider takes; `listing` in its meta replaces it. */
function portable(schema: JsonSchema): JsonSchema {
  const { listing } = schema;
  if (isObject(listing)) return listing;
  if ('anyOf' in schema || 'oneOf' in schema) return portableUnion(schema);
  return Object.fromEntries(portableKeywords(schema));
}

const convert = (schema: z.ZodObject, io: 'input' | 'output'): JsonSchema =>
  portable(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));

function memoize(
  toJsonSchema: (schema: z.ZodObject) => JsonSchema,
): (schema: z.ZodObject) => JsonSchema {
  const cache = new WeakMap<z.ZodObject, JsonSchema>();
  return (schema) => {
    const result = cache.get(schema) ?? toJsonSchema(schema);
    cache.set(schema, result);
    return result;
  };
}

/**
 * The listed JSON Schema of a tool's arguments. A provider that does not know a keyword refuses all
 * tools of a request, so the schema has only keywords that OpenAI, Anthropic and Gemini document: one
 * type for each value, no null, and objects that name properties. It accepts more than the tool, which
 * checks its arguments completely: objects are open, tagged branches are merged, and a schema with
 * `listing` in its meta becomes that. The tool takes null where the API does.
 */
export const toInputSchema = memoize((schema) => convert(schema, 'input'));

const isNullable = (schema: JsonSchema): boolean => branchesOf(schema).some(isNullType);

function withDescription(schema: JsonSchema, text: string): JsonSchema {
  const { anyOf, description } = schema;
  if (Array.isArray(anyOf) && isObject(anyOf[0])) {
    return { anyOf: [withDescription(anyOf[0], text), ...anyOf.slice(1)] };
  }
  const { type, ...others } = schema;
  const described = typeof description === 'string' ? `${description}; ${text}` : text;
  return { type, ...others, description: described };
}

/** As `toInputSchema`, for tools that modify: says which fields null clears. */
export const toUpdateSchema = memoize((schema) => {
  const listed = toInputSchema(schema);
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const described = Object.entries(propertiesOf(listed)).map(([name, property]) => {
    const full = properties?.[name];
    const isCleared = isObject(full) && isObject(property) && isNullable(full);
    return [name, isCleared ? withDescription(property, 'null clears') : property];
  });
  return { ...listed, properties: Object.fromEntries(described) };
});

/** The listed JSON Schema of a tool's result: open, so that it accepts every server's fields. */
export const toOutputSchema = memoize((schema) => convert(schema, 'output'));

/** What tools/list shows of a tool. */
export interface ToolListing extends Omit<Tool, 'isUntrusted' | 'input' | 'output' | 'call'> {
  readonly annotations: ReturnType<typeof annotations>;
  readonly inputSchema: JsonSchema;
  /** null for a tool whose result is not structured. */
  readonly outputSchema: JsonSchema | null;
}

export function toListing(tool: Tool): ToolListing {
  const { operation, name, title, description, toolset, effect, input, output } = tool;
  return {
    operation,
    name,
    title,
    description,
    toolset,
    effect,
    annotations: annotations(effect),
    inputSchema: effect === 'modify' ? toUpdateSchema(input) : toInputSchema(input),
    outputSchema: output === null ? null : toOutputSchema(output),
  };
}
