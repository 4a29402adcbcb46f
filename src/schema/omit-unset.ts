import * as z from 'zod';
import { attributes, isObject, metadata } from './common.ts';

/*
 * Typed clients send null for every field that has no value, whether the API has null there or not,
 * and clients in PHP send an empty object as `[]`. Neither can have another meaning.
 */

type Schema = z.core.$ZodType;

/** The schema of a value that is neither absent nor null. */
function innermost(schema: Schema): Schema {
  if (schema instanceof z.ZodExactOptional || schema instanceof z.ZodNullable) {
    return innermost(schema.unwrap());
  }
  if (schema instanceof z.ZodPipe) return innermost(schema.out);
  return schema instanceof z.ZodLazy ? innermost(schema.unwrap()) : schema;
}

/** The alternatives of a schema, without nested unions. */
function branchesOf(schema: Schema): readonly Schema[] {
  const inner = innermost(schema);
  return inner instanceof z.ZodUnion ? inner.options.flatMap(branchesOf) : [inner];
}

/** Whether the field is optional and has no null. */
function isUnsetByNull(schema: Schema): boolean {
  const { _zod: internals } = schema;
  return internals.optin === 'optional' && !z.safeParse(schema, null).success;
}

const pairs: ReadonlySet<Schema> = new Set([metadata, attributes].map(innermost));

const isObjectSchema = (schema: Schema): schema is z.ZodObject => schema instanceof z.ZodObject;

/** The alternative that describes an object: the one with its `type`, else the only one. */
function objectSchema(branches: readonly Schema[], value: object): z.ZodObject | undefined {
  const objects = branches.filter(isObjectSchema);
  if (objects.length < 2) return objects[0];
  const type: unknown = Reflect.get(value, 'type');
  return objects.find(({ shape }) => z.safeParse(shape['type'] ?? z.never(), type).success);
}

function omitFromObject(value: Record<string, unknown>, { shape }: z.ZodObject): object {
  const entries = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (field === undefined) return [[name, member]];
    return member === null && isUnsetByNull(field) ? [] : [[name, omitUnset(field, member)]];
  });
  return Object.fromEntries(entries);
}

/** The value without optional fields that are null where the schema has no null, and with `{}` for `[]`. */
export function omitUnset(schema: Schema, value: unknown): unknown {
  const branches = branchesOf(schema);
  if (Array.isArray(value)) {
    const list = branches.find((branch) => branch instanceof z.ZodArray);
    if (list !== undefined) return value.map((item) => omitUnset(list.element, item));
    const isObjectThere = branches.some((branch) => isObjectSchema(branch) || pairs.has(branch));
    return value.length === 0 && isObjectThere ? {} : value;
  }
  if (!isObject(value)) return value;
  const object = objectSchema(branches, value);
  return object === undefined ? value : omitFromObject(value, object);
}
