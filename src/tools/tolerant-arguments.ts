import * as z from 'zod';
import { isObject } from '../schema/common.ts';
import { parseJsonText } from '../shared/json-text.ts';

/*
 * Hosts send arguments that are not quite those of the schema: null or nothing for what is unset,
 * objects, lists and numbers as JSON text, text as numbers, and fields of their own. What can have only
 * one meaning is taken. The tool refuses everything else with the name of the field.
 */

type Schema = Readonly<Record<string, unknown>>;

/** A value that is left out. */
const absent = Symbol('absent');

interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  /** Whether null clears a field; otherwise it means that an argument is absent. */
  readonly keepsNull: boolean;
}

/** The alternatives of a schema, without nested unions. */
function branchesOf(schema: Schema): readonly Schema[] {
  const union = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(union) ? union.filter(isObject).flatMap(branchesOf) : [schema];
}

const enumOf = ({ enum: values, const: constant }: Schema): readonly unknown[] | null =>
  Array.isArray(values) ? values : constant === undefined ? null : [constant];

const takesNull = (branches: readonly Schema[]): boolean =>
  branches.some(({ type }) => type === 'null');

const takesAnyText = (branches: readonly Schema[]): boolean =>
  branches.some((branch) => branch['type'] === 'string' && enumOf(branch) === null);

function hasType(value: unknown, branch: Schema): boolean {
  const { type } = branch;
  if (Array.isArray(value)) return type === 'array';
  if (typeof value === 'number') return type === 'number' || type === 'integer';
  if (typeof value === 'string') return enumOf(branch)?.includes(value) === true;
  return value === null ? type === 'null' : type === typeof value;
}

const idNames: ReadonlySet<string> = new Set(['after', 'before', 'model']);
const isIdName = (name: string): boolean => idNames.has(name) || name.endsWith('_id');

const isNullText = (value: unknown): boolean =>
  value === 'null' || (Array.isArray(value) && value.length === 1 && value[0] === 'null');

/** Words of Python and JavaScript, as JSON. */
const foreignWords: ReadonlyMap<string, string> = new Map([
  ['True', 'true'],
  ['False', 'false'],
  ['None', 'null'],
  ['undefined', 'null'],
]);

/** The value of JSON text where the schema has no text, else the value itself. */
function readText(value: unknown, branches: readonly Schema[], field: Field): unknown {
  const isText = takesAnyText(branches) && !isIdName(field.name);
  const canBeNull = !field.isRequired || takesNull(branches);
  const json = typeof value === 'string' ? (foreignWords.get(value) ?? value) : value;
  if (canBeNull && isNullText(json) && !isText) return null;
  if (typeof json !== 'string' || takesAnyText(branches)) return value;
  if (branches.some((branch) => hasType(json, branch))) return json;
  const parsed = parseJsonText(json);
  return branches.some((branch) => hasType(parsed, branch)) ? parsed : value;
}

const isEmptyText = (value: unknown): boolean => typeof value === 'string' && value.trim() === '';

/** Whether the empty text means that a field is unset: where it cannot be the field's value. */
const isUnset = (value: unknown, branches: readonly Schema[], field: Field): boolean =>
  isEmptyText(value) && !field.isRequired && (isIdName(field.name) || !takesAnyText(branches));

/**
 * A value of another type than any that the schema has, as the type that it has: PHP and Lua write an
 * empty object as an empty list, some models one object for a list of one, and some hosts text that
 * looks like a number as a number.
 */
function toSchemaType(value: unknown, branches: readonly Schema[], { name }: Field): unknown {
  if (branches.some((branch) => hasType(value, branch))) return value;
  const hasObject = branches.some(({ type }) => type === 'object');
  if (Array.isArray(value)) return value.length === 0 && hasObject ? {} : value;
  if (isObject(value)) {
    const items = branches.find(({ type }) => type === 'array')?.['items'];
    if (!isObject(items)) return value;
    if (Object.keys(value).length === 0) return [];
    return branchesOf(items).some(({ type }) => type === 'object') ? [value] : value;
  }
  const isNumber = typeof value === 'number' || typeof value === 'boolean';
  return isNumber && takesAnyText(branches) && !isIdName(name) ? String(value) : value;
}

const tagOf = ({ properties }: Schema): unknown => {
  const tag = isObject(properties) ? properties['type'] : undefined;
  return isObject(tag) ? tag['const'] : undefined;
};

/** The alternative that describes an object: the one with its `type`, else the only one. */
function objectBranch(value: Schema, branches: readonly Schema[]): Schema | undefined {
  const objects = branches.filter(({ properties }) => isObject(properties));
  return objects.length < 2
    ? objects[0]
    : objects.find((branch) => tagOf(branch) === value['type']);
}

function repairObject(value: Schema, branch: Schema, keepsNull: boolean): Schema {
  const { properties, required } = branch;
  const entries = Object.entries(value).flatMap(([name, member]) => {
    const schema =
      isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : null;
    if (!isObject(schema)) return [[name, member]];
    const isRequired = Array.isArray(required) && required.includes(name);
    const repaired = repair(member, schema, { name, isRequired, keepsNull });
    return repaired === absent ? [] : [[name, repaired]];
  });
  return Object.fromEntries(entries);
}

function repair(value: unknown, schema: Schema, field: Field): unknown {
  const branches = branchesOf(schema);
  if (isUnset(value, branches, field)) return absent;
  const read = toSchemaType(readText(value, branches, field), branches, field);
  if (read === null) {
    if (field.isRequired) return value;
    return field.keepsNull && takesNull(branches) ? null : absent;
  }
  if (Array.isArray(read)) {
    const items = branches.find(({ type }) => type === 'array')?.['items'];
    if (!isObject(items)) return read;
    const item = { ...field, isRequired: true };
    return read.map((member) => repair(member, items, item));
  }
  if (!isObject(read)) return read;
  const branch = objectBranch(read, branches);
  return branch === undefined ? read : repairObject(read, branch, field.keepsNull);
}

const schemas = new WeakMap<z.ZodObject, Schema>();

function schemaOf(input: z.ZodObject): Schema {
  const schema =
    schemas.get(input) ?? z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' });
  schemas.set(input, schema);
  return schema;
}

/** Fields that hosts add to the arguments of every tool: n8n, Cursor, and Cline. */
const hostFields: ReadonlySet<string> = new Set([
  'toolCallId',
  'sessionId',
  'action',
  'chatInput',
  'random_string',
  'task_progress',
]);

/** Names under which some hosts send all arguments. */
const wrapperNames: ReadonlySet<string> = new Set([
  'kwargs',
  'arguments',
  'args',
  'input',
  'params',
]);

const mayBeAdded = (name: string): boolean =>
  name === '' || name.startsWith('_') || hostFields.has(name);

/** The arguments without what a host adds to them; no field of a tool begins with `_`. */
function withoutHostFields(args: unknown, { properties }: Schema): unknown {
  if (!isObject(args)) return args;
  const isUnknown = (name: string) => !isObject(properties) || !Object.hasOwn(properties, name);
  const own = Object.entries(args).filter(([name]) => !isUnknown(name) || !mayBeAdded(name));
  const [first] = own;
  if (
    own.length === 1 &&
    first !== undefined &&
    isUnknown(first[0]) &&
    wrapperNames.has(first[0])
  ) {
    const wrapped = typeof first[1] === 'string' ? parseJsonText(first[1]) : first[1];
    if (isObject(wrapped)) return wrapped;
  }
  return Object.fromEntries(own);
}

/**
 * The arguments that a host meant. `keepsNull`: null clears a field of this tool, where the field has
 * null; everywhere else it means that the argument is absent.
 */
export function tolerateArguments(
  input: z.ZodObject,
  args: unknown,
  { keepsNull }: { readonly keepsNull: boolean },
): unknown {
  if (args === undefined || args === null) return {};
  const schema = schemaOf(input);
  return repair(withoutHostFields(args, schema), schema, { name: '', isRequired: true, keepsNull });
}
