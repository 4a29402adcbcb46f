import * as z from 'zod';
import { type Tool } from './tool.ts';
import { annotations } from './toolsets.ts';

/** A JSON Schema (2020-12) of an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What becomes of null beside another type; `dropped` where it says what absence says. */
type Nulls = 'kept' | 'dropped';

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNull = (schema: JsonSchema): boolean => schema['type'] === 'null';

/** The alternatives of a union, those of unions within it included. */
function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const union = schema['anyOf'] ?? schema['oneOf'];
  if (!Array.isArray(union)) return [schema];
  return union.filter(isSchema).flatMap(branchesOf);
}

const propertiesOf = ({ properties }: JsonSchema): JsonSchema =>
  isSchema(properties) ? properties : {};

/** The value of `type` that tells a branch from the others, as `code_interpreter`. */
function tagOf(schema: JsonSchema): unknown {
  const { type } = propertiesOf(schema);
  return isSchema(type) ? type['const'] : undefined;
}

const requiredIn = ({ required }: JsonSchema): readonly unknown[] =>
  Array.isArray(required) ? required : [];

/** Makes one object of those that a `type` tells apart; what each of them needs bears its name. */
function mergeTagged(branches: readonly JsonSchema[]): readonly JsonSchema[] {
  const tagged = branches.filter((branch) => tagOf(branch) !== undefined);
  if (tagged.length < 2) return branches;
  const properties = Object.fromEntries(
    tagged.flatMap((branch) => Object.entries(propertiesOf(branch))),
  );
  const merged: JsonSchema = {
    type: 'object',
    properties: { ...properties, type: { type: 'string', enum: tagged.map(tagOf) } },
    required: tagged.map(requiredIn).reduce((all, own) => all.filter((key) => own.includes(key))),
  };
  return [...branches.filter((branch) => !tagged.includes(branch)), merged];
}

/** Says that null will do as well, in the branch's own words. */
function withNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  const nullable = { ...schema, type: [type, 'null'] };
  return Array.isArray(values) ? { ...nullable, enum: [...values, null] } : nullable;
}

function compactUnion({ anyOf, oneOf, ...rest }: JsonSchema, nulls: Nulls): JsonSchema {
  const all = branchesOf({ anyOf: anyOf ?? oneOf });
  const solid = all.filter((branch) => !isNull(branch)).map((branch) => compact(branch, nulls));
  const branches = mergeTagged(solid);
  const nullable = nulls === 'kept' && solid.length < all.length;
  const [only] = branches;
  if (only !== undefined && branches.length === 1) {
    return { ...rest, ...(nullable ? withNull(only) : only) };
  }
  return { ...rest, anyOf: nullable ? [...branches, { type: 'null' }] : branches };
}

const isEmpty = (value: unknown): boolean => !isSchema(value) || Object.keys(value).length === 0;

/** From here on a limit is one that nobody comes near; the tool checks it all the same. */
const negligibleLimits: Readonly<Record<string, number>> = {
  maximum: Number.MAX_SAFE_INTEGER,
  maxLength: 100_000,
  maxItems: 100,
};

/** Keywords that say nothing: any object may be open and empty, and some limits are wide. */
function isRedundant(key: string, value: unknown): boolean {
  if (key === 'additionalProperties' || key === 'properties') return isEmpty(value);
  return (
    key === '$schema' || (typeof value === 'number' && value >= (negligibleLimits[key] ?? Infinity))
  );
}

function compactProperties(properties: JsonSchema, nulls: Nulls): JsonSchema {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, field]) =>
      isSchema(field) && !isNull(field) ? [[name, compact(field, nulls)]] : [],
    ),
  );
}

function compactKeyword(key: string, value: unknown, nulls: Nulls): unknown {
  if (key === 'type' && Array.isArray(value) && nulls === 'dropped') return value[0];
  if (!isSchema(value)) return value;
  if (key === 'properties') return compactProperties(value, nulls);
  return key === 'items' ? compact(value, nulls) : value;
}

function compact(schema: JsonSchema, nulls: Nulls): JsonSchema {
  const { summary } = schema;
  if (summary !== undefined) return { type: 'object', description: summary };
  if ('anyOf' in schema || 'oneOf' in schema) return compactUnion(schema, nulls);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => !isRedundant(key, value))
      .map(([key, value]) => [key, compactKeyword(key, value, nulls)]),
  );
}

const convert = (schema: z.ZodObject, io: 'input' | 'output', nulls: Nulls): JsonSchema =>
  compact(z.toJSONSchema(schema, { io, unrepresentable: 'any' }), nulls);

function remember(make: (schema: z.ZodObject) => JsonSchema): (schema: z.ZodObject) => JsonSchema {
  const made = new WeakMap<z.ZodObject, JsonSchema>();
  return (schema) => {
    const known = made.get(schema) ?? make(schema);
    made.set(schema, known);
    return known;
  };
}

/**
 * The JSON Schema that a tool's arguments are advertised with, made at first use. It is smaller than
 * zod's because hosts put every tool's schema before the model; the tool itself checks all: nested
 * objects are closed too, the branches that a `type` tells apart each need the field it names, and
 * null is taken for absence. What is seldom needed is outlined in words (`outline` in a schema's meta).
 */
export const inputSchema = remember((schema) => ({
  ...convert(schema, 'input', 'dropped'),
  additionalProperties: false,
}));

/** As `advertiseInput`, where null clears a field and absence leaves it. */
export const toUpdateSchema = remember((schema) => ({
  ...convert(schema, 'input', 'kept'),
  additionalProperties: false,
}));

/** The JSON Schema that a tool's answer is advertised with: open, so that it admits every server's. */
export const toOutputSchema = remember((schema) => convert(schema, 'output', 'kept'));
/** What is told of a tool before it is called. */
export interface ToolListing extends Omit<Tool, 'input' | 'output' | 'call'> {
  readonly annotations: ReturnType<typeof annotations>;
  readonly inputSchema: JsonSchema;
  /** null for a tool whose answer need not be structured. */
  readonly outputSchema: JsonSchema | null;
}

/** A tool as it is listed. */
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
    inputSchema: effect === 'modify' ? toUpdateSchema(input) : inputSchema(input),
    outputSchema: output === null ? null : toOutputSchema(output),
  };
}
