import * as z from 'zod';

/*
 * What model providers say about the schemas of functions, as code. A provider checks the schemas of a
 * request together, so one that it does not take makes every tool unusable, those of other servers too.
 *
 * OpenAI: platform.openai.com/docs/guides/function-calling and /guides/structured-outputs (supported
 * schemas). Reports: openai-agents-python#449, spacelift-io/spacectl#402, bnbchain-mcp#68.
 *
 * Anthropic: platform.claude.com/docs, tool use, input_schema. Reports: langchain#39271,
 * zereight/gitlab-mcp#552, claude-code#95504 (unions at the root), claude-code#79418 and n8n#30590
 * (names of properties), claude-code#77194 (unions with null), claude-code#95212 (defaults).
 *
 * Gemini: ai.google.dev/api/caching#Schema, a subset of OpenAPI 3.0. Reports: n8n#15553,
 * copilot-cli#4623, zed#44875 (lists of types), zed#45552 and cherry-studio#3485 (const,
 * additionalProperties), opencode#15795 and crush#2294 (keywords beside anyOf), browser-use#3786 and
 * CopilotKit#6883 (objects without properties), kilocode#11955 (required), directus#27100 and
 * opencode#46676 (enum).
 */

type Schema = Readonly<Record<string, unknown>>;

export interface Place {
  readonly schema: Schema;
  /** Such as `properties.tools.items`; empty for the root. */
  readonly path: string;
  /** How many objects are around this one. */
  readonly depth: number;
}

/** What is wrong with one schema; null if nothing is. */
type Rule = (place: Place) => string | null;

const record = z.record(z.string(), z.unknown());
const texts = z.array(z.string());
const recordOf = (value: unknown): Schema => record.safeParse(value).data ?? {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A schema and all schemas in it. */
function* places(schema: Schema, path = '', depth = 0): Generator<Place> {
  yield { schema, path, depth };
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const [name, property] of Object.entries(recordOf(schema['properties']))) {
    yield* places(recordOf(property), at(`properties.${name}`), depth + 1);
  }
  if ('items' in schema) yield* places(recordOf(schema['items']), at('items'), depth);
  for (const [index, branch] of listOf(schema['anyOf']).entries()) {
    yield* places(recordOf(branch), at(`anyOf[${index}]`), depth);
  }
}

/** Keywords that all three document for the schemas of functions. */
const sharedKeywords = new Set([
  'type',
  'description',
  'enum',
  'properties',
  'required',
  'items',
  'anyOf',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
]);

const types = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object']);

const sharedKeyword: Rule = ({ schema }) =>
  Object.keys(schema).find((keyword) => !sharedKeywords.has(keyword)) ?? null;

/** The rules of each provider. */
export const providerRules: Readonly<Record<string, readonly Rule[]>> = {
  openai: [
    sharedKeyword,
    ({ schema, path }) => (path === '' && schema['type'] !== 'object' ? 'the root' : null),
    ({ schema }) =>
      schema['type'] === 'object' && !('properties' in schema) ? 'object without properties' : null,
    ({ schema }) =>
      schema['type'] === 'array' && !('items' in schema) ? 'array without items' : null,
    ({ depth }) => (depth > 10 ? 'more than 10 levels' : null),
  ],
  anthropic: [
    sharedKeyword,
    ({ schema, path }) => (path === '' && 'anyOf' in schema ? 'a union at the root' : null),
    ({ schema }) =>
      Object.keys(recordOf(schema['properties'])).find(
        (name) => !/^[a-zA-Z0-9_.-]{1,64}$/u.test(name),
      ) ?? null,
    ({ schema }) => (listOf(schema['enum']).includes(null) ? 'null in an enum' : null),
  ],
  gemini: [
    sharedKeyword,
    ({ schema }) => {
      const { type } = schema;
      if ('anyOf' in schema) return null;
      return typeof type === 'string' && types.has(type) ? null : `type ${JSON.stringify(type)}`;
    },
    ({ schema }) =>
      'anyOf' in schema && Object.keys(schema).length > 1 ? 'a keyword beside anyOf' : null,
    ({ schema }) => ('anyOf' in schema && listOf(schema['anyOf']).length < 2 ? 'anyOf' : null),
    ({ schema }) => {
      const { type, properties } = schema;
      if (type !== 'object') return properties === undefined ? null : 'properties of no object';
      return Object.keys(recordOf(properties)).length > 0 ? null : 'object without properties';
    },
    ({ schema }) => {
      const names = Object.keys(recordOf(schema['properties']));
      const required = texts.safeParse(schema['required'] ?? []).data ?? ['?'];
      const unknown = required.find((name) => !names.includes(name));
      return unknown === undefined ? null : `required, but not defined: ${unknown}`;
    },
    ({ schema }) => {
      if (!('enum' in schema)) return null;
      const values = texts.safeParse(schema['enum']).data ?? [];
      const isValid = schema['type'] === 'string' && values.length > 0 && !values.includes('');
      return isValid ? null : 'an enum of something else than strings';
    },
    ({ schema }) => (schema['type'] === 'array' && !('items' in schema) ? 'items' : null),
  ],
};

/** Everything that the providers would refuse: provider, place and reason. */
export const providerProblems = (schema: Schema): readonly string[] =>
  [...places(schema)].flatMap((place) =>
    Object.entries(providerRules).flatMap(([provider, rules]) =>
      rules.flatMap((rule) => {
        const problem = rule(place);
        return problem === null ? [] : [`${provider}: ${place.path || 'root'}: ${problem}`];
      }),
    ),
  );

/** Functions' names and descriptions: of at most 64 and 1,024 characters (OpenAI and Gemini). */
export const isFunctionName = (name: string): boolean =>
  /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/u.test(name);
export const maxDescriptionLength = 1024;

/** The paths of schemas that have more than one type. The Inspector's `--strict` warns of them. */
export const typeLists = (schema: Schema): readonly string[] =>
  [...places(schema)].flatMap((place) => (Array.isArray(place.schema['type']) ? [place.path] : []));
