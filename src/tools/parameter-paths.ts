import { isObject } from '../schema/common.ts';
import type { JsonSchema } from './tool-listing.ts';

/** Where callers look for what other APIs, or the tools beside this one, call by these names. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  messages: ['thread.messages', 'additional_messages'],
  additional_messages: ['thread.messages'],
  ...Object.fromEntries(
    ['message', 'content', 'text', 'question', 'prompt', 'input', 'query'].map((name) => [
      name,
      ['thread.messages', 'additional_messages', 'messages', 'content'],
    ]),
  ),
  outputs: ['tool_outputs'],
  file_ids: ['attachments'],
  ...Object.fromEntries(
    ['wait', 'timeout', 'timeout_seconds'].map((name) => [name, ['wait_seconds']]),
  ),
};

const maxDepth = 4;

/** The alternatives of a schema that are objects. */
function objectsOf(schema: unknown): readonly JsonSchema[] {
  if (!isObject(schema)) return [];
  const { anyOf, properties } = schema;
  if (Array.isArray(anyOf)) return anyOf.flatMap((branch) => objectsOf(branch));
  return isObject(properties) ? [properties] : [];
}

/** The schema of a member of an object. */
const memberOf = (schema: unknown, name: string): unknown =>
  objectsOf(schema).find((properties) => Object.hasOwn(properties, name))?.[name];

const itemsOf = (schema: unknown): unknown => {
  const branches = isObject(schema) && Array.isArray(schema['anyOf']) ? schema['anyOf'] : [schema];
  const list: unknown = branches.find((branch) => isObject(branch) && isObject(branch['items']));
  return isObject(list) ? list['items'] : undefined;
};

/** The schema at a path such as `tools[0].function`; undefined if there is none. */
const schemaAt = (root: unknown, path: string): unknown =>
  path
    .split('.')
    .filter((part) => part !== '')
    .reduce((schema, part) => {
      const [name = '', ...indexes] = part.split('[');
      return indexes.reduce((list) => itemsOf(list), memberOf(schema, name));
    }, root);

/** The path of the nearest object below a schema that has a member of this name; null if none has. */
function findBelow(schema: unknown, name: string): string | null {
  let level: readonly (readonly [path: string, schema: unknown])[] = [['', schema]];
  for (let depth = 0; depth < maxDepth; depth += 1) {
    level = level.flatMap(([path, parent]) =>
      objectsOf(parent).flatMap((properties) =>
        Object.entries(properties).map(([key, member]) => [`${path}${key}.`, member] as const),
      ),
    );
    const [found] = level.find(([, member]) => memberOf(member, name) !== undefined) ?? [];
    if (found !== undefined) return `${found}${name}`;
  }
  return null;
}

/** The first of several paths that a tool has, beside its other arguments or in its `body`. */
export const firstPath = (schema: JsonSchema, paths: readonly string[]): string | null =>
  paths
    .flatMap((path) => [path, `body.${path}`])
    .find((path) => schemaAt(schema, path) !== undefined) ?? null;

/** Where a tool takes what was passed in a parameter that it does not have; null if nowhere. */
export function intendedPath(schema: JsonSchema, unknownPath: string): string | null {
  const parent = unknownPath.slice(0, Math.max(0, unknownPath.lastIndexOf('.')));
  const name = unknownPath.slice(parent === '' ? 0 : parent.length + 1);
  const below = findBelow(schemaAt(schema, parent), name);
  if (below !== null) return parent === '' ? below : `${parent}.${below}`;
  const paths = Object.hasOwn(otherNames, name) ? (otherNames[name] ?? []) : [];
  return firstPath(schema, parent === '' ? paths : [name, ...paths]);
}
