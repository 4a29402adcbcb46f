import { isJsonObject } from '../../shared/json.ts';

/** Ids of files and vector stores that a value names. */
export interface References {
  readonly files: readonly string[];
  readonly vectorStores: readonly string[];
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export const textOrNull = (value: unknown): string | null => (isText(value) ? value : null);

const textsIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => isText(item)) : [];

/** The ids anywhere in a value. */
export function referencesIn(value: unknown): References {
  if (Array.isArray(value)) return merge(value.map((item) => referencesIn(item)));
  if (!isJsonObject(value)) return { files: [], vectorStores: [] };
  const { file_id, file_ids, vector_store_ids, ...others } = value;
  const own = {
    files: [...(isText(file_id) ? [file_id] : []), ...textsIn(file_ids)],
    vectorStores: textsIn(vector_store_ids),
  };
  return merge([own, ...Object.values(others).map((inner) => referencesIn(inner))]);
}

const merge = (references: readonly References[]): References => ({
  files: references.flatMap(({ files }) => files),
  vectorStores: references.flatMap(({ vectorStores }) => vectorStores),
});
