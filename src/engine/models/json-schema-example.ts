import { isJsonObject } from '../../shared/json.ts';

type Schema = Readonly<Record<string, unknown>>;

/** A deeper schema is treated as recursive. */
const maxDepth = 8;

const numberAt = (schema: Schema, key: string): number | undefined => {
  const value = schema[key];
  return typeof value === 'number' ? value : undefined;
};

/** The target of a `$ref` such as `#/$defs/city`; an empty schema if there is none. */
function resolve(root: Schema, reference: string): Schema {
  let target: unknown = root;
  for (const key of reference.split('/').slice(1)) {
    target = isJsonObject(target)
      ? target[key.replaceAll('~1', '/').replaceAll('~0', '~')]
      : undefined;
  }
  return isJsonObject(target) ? target : {};
}

/** The schema's constant, default, first example or first enum value, if it has one. */
function declaredValue(schema: Schema): { readonly value: unknown } | undefined {
  if ('const' in schema) return { value: schema['const'] };
  if ('default' in schema) return { value: schema['default'] };
  for (const key of ['examples', 'enum']) {
    const values = schema[key];
    if (Array.isArray(values) && values.length > 0) return { value: values[0] };
  }
  return undefined;
}

/** Follows references, and the first of each list of alternatives. */
function dereference(schema: Schema, root: Schema, depth: number): Schema {
  if (depth > maxDepth) return {};
  const reference = schema['$ref'];
  if (typeof reference === 'string') return dereference(resolve(root, reference), root, depth + 1);
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const alternatives = schema[key];
    if (Array.isArray(alternatives) && isJsonObject(alternatives[0])) {
      return dereference({ ...schema, [key]: undefined, ...alternatives[0] }, root, depth + 1);
    }
  }
  return schema;
}

const formats: Readonly<Record<string, string>> = {
  date: '2025-01-01',
  'date-time': '2025-01-01T00:00:00Z',
  email: 'someone@example.com',
  time: '00:00:00Z',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function exampleString(schema: Schema): string {
  const format = schema['format'];
  const example = (typeof format === 'string' ? formats[format] : undefined) ?? 'example';
  return example
    .padEnd(numberAt(schema, 'minLength') ?? 0, 'x')
    .slice(0, numberAt(schema, 'maxLength') ?? example.length + 1_000_000);
}

function exampleNumber(schema: Schema): number {
  const exclusiveMinimum = numberAt(schema, 'exclusiveMinimum');
  const minimum = numberAt(schema, 'minimum') ?? (exclusiveMinimum ?? 0) + 1;
  const step = numberAt(schema, 'multipleOf') ?? 0;
  const example = Math.min(Math.max(minimum, 1), numberAt(schema, 'maximum') ?? Infinity);
  return step > 0 ? Math.ceil(example / step) * step : example;
}

function exampleObject(schema: Schema, root: Schema, depth: number): Record<string, unknown> {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required: unknown = schema['required'];
  const included = Object.entries(properties).filter(
    ([name]) => depth === 0 || (Array.isArray(required) && required.includes(name)),
  );
  return Object.fromEntries(
    included.map(([name, property]) => [
      name,
      exampleFor(isJsonObject(property) ? property : {}, root, depth + 1),
    ]),
  );
}

/**
 * A value that matches a JSON Schema: its constant, default, example or first enum value, else a small
 * value of the right type. Optional properties are included at the top level only.
 */
export function exampleFor(unresolved: Schema, root: Schema = unresolved, depth = 0): unknown {
  const schema = dereference(unresolved, root, depth);
  const declared = declaredValue(schema);
  if (declared !== undefined) return declared.value;
  const types: unknown = schema['type'];
  const type: unknown = Array.isArray(types) ? types[0] : types;
  switch (type) {
    case 'string':
      return exampleString(schema);
    case 'integer':
    case 'number':
      return exampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array': {
      const items = isJsonObject(schema['items']) ? schema['items'] : {};
      const length = Math.max(numberAt(schema, 'minItems') ?? 0, depth > maxDepth ? 0 : 1);
      return Array.from({ length }, () => exampleFor(items, root, depth + 1));
    }
    default:
      return depth === 0 || isJsonObject(schema['properties'])
        ? exampleObject(schema, root, depth)
        : 'example';
  }
}
