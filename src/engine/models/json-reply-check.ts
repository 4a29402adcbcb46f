import { isJsonObject, parseJson } from '../../shared/json.ts';
import * as z from 'zod';
import type { RunSettings } from '../store/schema.ts';
import type { MessageContent } from './model.ts';
import { partText } from './past-turns.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Patterns of a caller could take forever to match; formats are annotations. */
const uncheckedKeywords: ReadonlySet<string> = new Set(['pattern', 'patternProperties', 'format']);

/** Their values are data, not schemas. */
const dataKeywords: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples']);

function withoutUnchecked(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutUnchecked);
  if (!isJsonObject(schema)) return schema;
  const hasPatternProperties = isJsonObject(schema['patternProperties']);
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      // A property may have the name of a keyword; its value is a schema then.
      !(uncheckedKeywords.has(key) && (typeof value === 'string' || hasPatternProperties)) &&
      !(key === 'additionalProperties' && hasPatternProperties),
  );
  return Object.fromEntries(
    kept.map(([key, value]) => [key, dataKeywords.has(key) ? value : withoutUnchecked(value)]),
  );
}

const hasReference = (schema: unknown): boolean =>
  typeof schema === 'object' &&
  schema !== null &&
  ('$ref' in schema || Object.values(schema).some(hasReference));

const alternativesOf = (schema: Schema): unknown[] =>
  ['anyOf', 'oneOf', 'allOf', 'not'].flatMap((key) => schema[key] ?? []);

/** Whether a value may have to be checked against two references at once, which doubles at each level. */
function mayExplode(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(mayExplode);
  if (!isJsonObject(schema)) return false;
  const { anyOf: _a, oneOf: _b, allOf: _c, not: _d, $defs: _e, definitions: _f, ...own } = schema;
  const branches = [...alternativesOf(schema), own].filter(hasReference);
  return branches.length > 1 || Object.values(schema).some(mayExplode);
}

function schemaMismatch(schema: Schema, value: unknown): string | null {
  try {
    if (mayExplode(schema)) return null;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- zod checks the schema
    const checked = withoutUnchecked(schema) as Parameters<typeof z.fromJSONSchema>[0];
    const [issue] = z.fromJSONSchema(checked).safeParse(value).error?.issues ?? [];
    if (issue === undefined) return null;
    const path = issue.path.length === 0 ? 'the value' : `'${issue.path.map(String).join('.')}'`;
    return `The reply does not match the JSON Schema at ${path}: ${issue.message}.`;
  } catch {
    // The schema has keywords that cannot be checked.
    return null;
  }
}

/**
 * How a reply differs from the format that a run asks for, in one sentence; null: it does not, or the
 * format cannot be checked.
 */
export function responseFormatMismatch(
  { response_format: format }: RunSettings,
  content: readonly MessageContent[],
): string | null {
  if (typeof format === 'string' || format.type === 'text') return null;
  const hasRefusal = content.some(({ type }) => type === 'refusal');
  if (hasRefusal || content.length === 0) return null;
  const value = parseJson(content.flatMap(partText).join(''));
  if (value === undefined) return 'The reply is not JSON.';
  if (format.type === 'json_object')
    return isJsonObject(value) ? null : 'The reply is not a JSON object.';
  const { schema } = format.json_schema;
  return isJsonObject(schema) ? schemaMismatch(schema, value) : null;
}
