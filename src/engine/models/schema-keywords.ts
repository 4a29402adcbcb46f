import { isJsonObject } from '../../shared/json.ts';

/** Keywords whose value maps names to schemas. */
const maps: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

/** Keywords whose value is data. */
const values: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'example', 'examples']);

const mapFields = (
  fields: Readonly<Record<string, unknown>>,
  change: (value: unknown, name: string) => unknown,
): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, change(value, name)]));

/** A JSON Schema without some keywords, at any depth. */
export function withoutKeywords(
  schema: Readonly<Record<string, unknown>>,
  refused: ReadonlySet<string>,
): Record<string, unknown> {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    return isJsonObject(value) ? withoutKeywords(value, refused) : value;
  };
  const kept = Object.fromEntries(Object.entries(schema).filter(([name]) => !refused.has(name)));
  return mapFields(kept, (value, name) => {
    if (values.has(name)) return value;
    return maps.has(name) && isJsonObject(value) ? mapFields(value, strip) : strip(value);
  });
}
