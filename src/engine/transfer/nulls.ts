/*
 * Programs that wrote objects out through an SDK have null where the API had nothing. Fields that
 * are read as absent or filled have to be so again.
 */

/** Null is a value of theirs. */
const nullable: ReadonlySet<string> = new Set(['strict', 'hybrid_search']);

/** Somebody's own JSON, in which null may mean something. */
const verbatim: ReadonlySet<string> = new Set(['parameters', 'schema']);

/** In Python `schema` is a method already, so that dumps have another name for it. */
const nameOf = (key: string): string => (key === 'schema_' ? 'schema' : key);

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => strip(inner));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const name = nameOf(key);
    if (inner === null && !nullable.has(name)) return [];
    return [[name, verbatim.has(name) ? inner : strip(inner)]];
  });
  return Object.fromEntries(entries);
}

/** Tools, content and the like, without the nulls that stand for nothing. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what may be absent may be null
export const stripNulls = <T>(value: T): T => strip(value) as T;
