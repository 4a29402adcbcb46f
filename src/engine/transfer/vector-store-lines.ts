import { fieldOf, isJsonObject } from '../../shared/json.ts';
import { deleteChunks } from '../store/chunks.ts';
import { findFile } from '../store/files.ts';
import { iterateAll } from '../store/keyset-page.ts';
import type { Database } from '../store/schema.ts';
import {
  addStoreFiles,
  type Attributes,
  listStoreFiles,
  storeFileBody,
  type StoreFileRow,
} from '../store/vector-store-files.ts';
import {
  deleteVectorStore,
  findVectorStore,
  insertVectorStore,
  listVectorStores,
  vectorStoreBody,
  type VectorStoreBody,
  type VectorStoreRow,
} from '../store/vector-stores.ts';
import { type At, duplicateId } from './import-checks.ts';
import type { ImportSession } from './import-session.ts';
import { ImportError } from './import-source.ts';
import { invalid, numberOf, textOf } from './line-fields.ts';

/*
 * A vector store is exported as its object, then its files, one line each. Their chunks are not: the
 * files are read again after an import.
 */

/** The object of a vector store in an export. */
interface StoreLine extends VectorStoreBody {
  readonly id: string;
  readonly object: 'vector_store';
  readonly created_at: number;
  readonly last_active_at: number;
}

interface StoreFileLine {
  readonly id: string;
  readonly object: 'vector_store.file';
  readonly created_at: number;
  readonly vector_store_id: string;
  readonly chunking_strategy: object;
  readonly attributes: unknown;
}

const storeLine = (row: VectorStoreRow): StoreLine => ({
  id: row.id,
  object: 'vector_store',
  created_at: row.created_at,
  last_active_at: row.last_active_at,
  ...vectorStoreBody(row),
});

const storeFileLine = (row: StoreFileRow): StoreFileLine => ({
  id: row.file_id,
  object: 'vector_store.file',
  created_at: row.created_at,
  vector_store_id: row.vector_store_id,
  chunking_strategy: { type: 'static', static: storeFileBody(row).chunking },
  attributes: JSON.parse(row.attributes),
});

/** The vector stores with these ids, or all if null, each followed by its files. */
export async function* vectorStoreLines(
  db: Database,
  ids: ReadonlySet<string> | null,
): AsyncGenerator<StoreLine | StoreFileLine> {
  for await (const row of iterateAll((page) => listVectorStores(db, page))) {
    if (ids !== null && !ids.has(row.id)) continue;
    yield storeLine(row);
    const files = iterateAll((page) => listStoreFiles(db, { vector_store_id: row.id }, page));
    for await (const file of files) yield storeFileLine(file);
  }
}

/** The ids of the files in these vector stores. */
export async function filesInStores(
  db: Database,
  ids: ReadonlySet<string>,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const vector_store_id of ids) {
    const files = iterateAll((page) => listStoreFiles(db, { vector_store_id }, page));
    for await (const { file_id } of files) found.push(file_id);
  }
  return found;
}

const stringsIn = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).filter(
      (pair): pair is [string, string] => typeof pair[1] === 'string',
    ),
  );

const isAttribute = (pair: [string, unknown]): pair is [string, Attributes[string]] =>
  ['string', 'number', 'boolean'].includes(typeof pair[1]);

/** `expires_after` of a store; null: it does not expire. */
function expiryOf(value: unknown, at: At): VectorStoreBody['expires_after'] {
  const rule = fieldOf(value, 'expires_after') ?? null;
  if (rule === null) return null;
  const days = fieldOf(rule, 'days');
  if (!Number.isSafeInteger(days) || Number(days) < 1) {
    throw invalid(at, 'expires_after.days', 'an integer that is at least 1');
  }
  return { anchor: 'last_active_at', days: Number(days) };
}

async function makeRoom({ db, options }: ImportSession, id: string, at: At): Promise<void> {
  if ((await findVectorStore(db, id)) === undefined) return;
  if (!options.replace) throw duplicateId(at, id, false);
  await deleteVectorStore(db, id);
  await deleteChunks(db, id);
}

/** Imports the object of a vector store. */
export async function importVectorStore(
  session: ImportSession,
  value: unknown,
  at: At,
): Promise<void> {
  const id = textOf(value, 'id', at);
  if (fieldOf(value, 'file_counts') !== undefined) {
    // The object of the API: without its files, the store would be found empty.
    const message = `The vector store '${id}' has no files here. Export it with --files.`;
    throw new ImportError(at('object'), message);
  }
  if (session.vectorStores.has(id)) throw duplicateId(at, id, true);
  await makeRoom(session, id, at);
  const [name, description] = [fieldOf(value, 'name'), fieldOf(value, 'description')];
  const times = {
    created_at: numberOf(value, 'created_at', at),
    last_active_at: numberOf(value, 'last_active_at', at),
  };
  await insertVectorStore(session.db, id, times, {
    name: typeof name === 'string' ? name : '',
    description: typeof description === 'string' ? description : null,
    metadata: stringsIn(fieldOf(value, 'metadata')),
    expires_after: expiryOf(value, at),
  });
  session.vectorStores.add(id);
  session.counts.vector_store = (session.counts.vector_store ?? 0) + 1;
}

/** Imports a file of a vector store, to be read by a worker. */
export async function importStoreFile(
  session: ImportSession,
  value: unknown,
  at: At,
): Promise<void> {
  const file_id = textOf(value, 'id', at);
  const vector_store_id = textOf(value, 'vector_store_id', at);
  if (!session.vectorStores.has(vector_store_id)) {
    const message = `Invalid 'vector_store_id': the vector store '${vector_store_id}' is not before it.`;
    throw new ImportError(at('vector_store_id'), message);
  }
  if ((await findFile(session.db, file_id)) === undefined) {
    throw new ImportError(at('id'), `Invalid 'id': there is no file '${file_id}'.`);
  }
  const chunking = fieldOf(fieldOf(value, 'chunking_strategy'), 'static');
  const tokens = (field: string) =>
    numberOf(chunking, field, (path) =>
      at(path === undefined ? path : `chunking_strategy.static.${path}`),
    );
  const attributes = fieldOf(value, 'attributes');
  const file = {
    file_id,
    attributes: Object.fromEntries(
      Object.entries(isJsonObject(attributes) ? attributes : {}).filter(isAttribute),
    ),
    chunking: {
      max_chunk_size_tokens: tokens('max_chunk_size_tokens'),
      chunk_overlap_tokens: tokens('chunk_overlap_tokens'),
    },
  };
  const created_at = numberOf(value, 'created_at', at);
  await addStoreFiles(session.db, { vector_store_id, batch_id: null }, created_at, [file]);
}
