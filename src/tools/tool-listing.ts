import * as z from 'zod';
import { isObject } from '../schema/common.ts';
import type { Tool } from './tool.ts';
import { annotations } from './toolsets.ts';

/** A JSON Schema (2020-12) of an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

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
  return isObject(type) ? type['const'] : undefined;
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

function withNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  const nullable = { ...schema, type: [type, 'null'] };
  return Array.isArray(values) ? { ...nullable, enum: [...values, null] } : nullable;
}

function compactUnion({ anyOf, oneOf, ...keywords }: JsonSchema, showNull: boolean): JsonSchema {
  const all = branchesOf({ anyOf: anyOf ?? oneOf });
  const nonNull = all.filter((branch) => !isNullType(branch));
  const branches = mergeTagged(nonNull.map((branch) => compact(branch, showNull)));
  const isNullable = showNull && nonNull.length < all.length;
  const [onlyBranch] = branches;
  if (onlyBranch !== undefined && branches.length === 1) {
    return { ...keywords, ...(isNullable ? withNull(onlyBranch) : onlyBranch) };
  }
  return { ...keywords, anyOf: isNullable ? [...branches, { type: 'null' }] : branches };
}

const isEmpty = (value: unknown): boolean => !isObject(value) || Object.keys(value).length === 0;

/** Limits from these values on are not listed, because callers stay far below; tools check them. */
const negligibleLimits: Readonly<Record<string, number>> = {
  maximum: Number.MAX_SAFE_INTEGER,
  maxLength: 100_000,
  maxItems: 100,
};

/** Whether a keyword says nothing: an empty default or a negligible limit. */
function isRedundant(key: string, value: unknown): boolean {
  if (key === 'additionalProperties' || key === 'properties') return isEmpty(value);
  return (
    key === '$schema' || (typeof value === 'number' && value >= (negligibleLimits[key] ?? Infinity))
  );
}

function compactProperties(properties: JsonSchema, showNull: boolean): JsonSchema {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, schema]) =>
      isObject(schema) && !isNullType(schema) ? [[name, compact(schema, showNull)]] : [],
    ),
  );
}

function compactKeyword(key: string, value: unknown, showNull: boolean): unknown {
  if (key === 'type' && Array.isArray(value) && !showNull) return value[0];
  if (!isObject(value)) return value;
  if (key === 'properties') return compactProperties(value, showNull);
  return key === 'items' ? compact(value, showNull) : value;
}

function compact(schema: JsonSchema, showNull: boolean): JsonSchema {
  const { summary } = schema;
  if (summary !== undefined) return { type: 'object', description: summary };
  if ('anyOf' in schema || 'oneOf' in schema) return compactUnion(schema, showNull);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !isRedundant(key, value))
      .map(([key, value]) => [key, compactKeyword(key, value, showNull)]),
  );
}

const convert = (schema: z.ZodObject, io: 'input' | 'output', showNull: boolean): JsonSchema =>
  compact(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), showNull);

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
 * The listed JSON Schema of a tool's arguments. Hosts put all schemas into the model's context, so it
 * is smaller than zod's and accepts more than the tool: nested objects are open, tagged branches are
 * merged, null equals absence, and a schema with `summary` in its meta becomes that text. The tool
 * itself checks its arguments completely.
 */
export const toInputSchema = memoize((schema) => ({
  ...convert(schema, 'input', false),
  additionalProperties: false,
}));

/** As `toInputSchema`, for tools that modify: null is listed because it clears a field. */
export const toUpdateSchema = memoize((schema) => ({
  ...convert(schema, 'input', true),
  additionalProperties: false,
}));

/** The listed JSON Schema of a tool's result: open, so that it accepts every server's fields. */
export const toOutputSchema = memoize((schema) => convert(schema, 'output', true));

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
