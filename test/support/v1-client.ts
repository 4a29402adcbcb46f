import { setup, type Harness, type HarnessOptions } from './engine.ts';

/* Requests of version 1 of the API. */

export const retrieval = { type: 'retrieval' };
export const codeInterpreter = { type: 'code_interpreter' };

export async function withFiles(options: HarnessOptions = {}) {
  const harness = await setup(options);
  for (const id of ['file-a', 'file-b', 'file-c']) harness.storage.addFile(id);
  harness.storage.addFile('file-table', '1,2', 'table.csv');
  return harness;
}

/** Vector store id → the files in it. */
export const storesOf = ({ storage }: Harness) =>
  Object.fromEntries([...storage.stores].map(([id, { files }]) => [id, [...files.keys()]]));

/** The files of an object's only vector store. */
export function searchedFiles(harness: Harness, resources: unknown): string[] | undefined {
  const ids: unknown = Reflect.get(Object(resources), 'file_search')?.vector_store_ids;
  return Array.isArray(ids) ? storesOf(harness)[String(ids[0])] : undefined;
}

/** An object of the API, as version 1 may have shown it. */
interface Shown {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** Sends a body of version 1 with the SDK, whose types no longer have it. */
export const send = (harness: Harness, path: string, body: object, headers: object = {}) =>
  harness.openai.post<Shown>(path, {
    body,
    headers: { ...headers },
  });
