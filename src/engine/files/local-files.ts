import { type EndpointFiles, EndpointFilesError } from '../models/endpoint-files.ts';
import { toImageUrl } from '../models/image-files.ts';
import { findContent, findFile } from '../store/files.ts';
import { findVectorStore } from '../store/vector-stores.ts';
import { createLocalVectorStores, wrapErrors } from '../vector-stores/local-vector-stores.ts';
import { unixSeconds } from '../../shared/clock.ts';
import { type SearchDeps, searchStores } from '../vector-stores/search.ts';
import { requireUsableStore, type VectorStoreDeps } from '../vector-stores/stores.ts';
import type { FileOwner } from './owner.ts';

/** What this database does with its own files and vector stores. */
export type LocalFiles = Pick<
  EndpointFiles,
  | 'createVectorStore'
  | 'addToVectorStore'
  | 'deleteVectorStore'
  | 'listStoreFiles'
  | 'removeFromVectorStore'
  | 'countIndexing'
  | 'search'
  | 'readImage'
  | 'isLocal'
>;

/** An image goes into the request to the model, in memory. */
const maxImageBytes = 64 * 2 ** 20;

const notFound = (id: string) =>
  new EndpointFilesError(`No such File object: ${id}`, { status: 404, param: 'id' });

/** Creates the files of this database, for the parts of the engine that use files. */
export const createLocalFiles = (deps: VectorStoreDeps & SearchDeps): LocalFiles => ({
  ...createLocalVectorStores(deps),
  async search(request) {
    // A run must not answer without its files.
    for (const id of request.store_ids) {
      await wrapErrors(requireUsableStore(deps.db, id, unixSeconds(deps.clock)));
    }
    return searchStores(deps, request);
  },
  async readImage(id) {
    const row = await findFile(deps.db, id);
    if (row === undefined) throw notFound(id);
    if (row.bytes > maxImageBytes) {
      throw new EndpointFilesError(`It has more than ${maxImageBytes / 2 ** 20} MiB.`, {
        status: 413,
      });
    }
    return toImageUrl((await findContent(deps.db, id)) ?? new Uint8Array());
  },
  isLocal: async (id) =>
    ((await findFile(deps.db, id)) ?? (await findVectorStore(deps.db, id))) !== undefined,
});

/** What only an endpoint can do. */
function requireEndpoint(endpoint: EndpointFiles | null): EndpointFiles {
  if (endpoint === null) throw new EndpointFilesError('There is no model endpoint with files.');
  return endpoint;
}

/**
 * The files and vector stores of this database and of the endpoint: what has an id belongs to whoever
 * has that id, and what is new to whoever keeps new ones.
 */
export function chooseFiles(
  endpoint: EndpointFiles | null,
  local: LocalFiles,
  owner: Pick<FileOwner, 'decide'>,
): EndpointFiles {
  const keepsNew = async () =>
    (await owner.decide()) === 'local' ? local : requireEndpoint(endpoint);
  const keeperOf = async (id: string) => ((await local.isLocal(id)) ? local : keepsNew());
  return {
    createVectorStore: async (store) => (await keepsNew()).createVectorStore(store),
    addToVectorStore: async (id, store) => (await keeperOf(id)).addToVectorStore(id, store),
    deleteVectorStore: async (id) => (await keeperOf(id)).deleteVectorStore(id),
    listStoreFiles: async (id) => (await keeperOf(id)).listStoreFiles(id),
    removeFromVectorStore: async (id, file_id) =>
      (await keeperOf(id)).removeFromVectorStore(id, file_id),
    countIndexing: async (id, signal) => (await keeperOf(id)).countIndexing(id, signal),
    canSearch: async () =>
      (await owner.decide()) === 'local' || requireEndpoint(endpoint).canSearch(),
    // The stores of one request are all in one place.
    search: async (request) => (await keeperOf(request.store_ids[0] ?? '')).search(request),
    readImage: async (id, signal) => (await keeperOf(id)).readImage(id, signal),
    isLocal: (id) => local.isLocal(id),
    downloadGenerated: async (file, signal) =>
      requireEndpoint(endpoint).downloadGenerated(file, signal),
    upload: async (file, signal) =>
      (await owner.decide()) === 'local' ? null : requireEndpoint(endpoint).upload(file, signal),
    // Without an endpoint, only this database can have the file.
    deleteFile: async (id) => endpoint?.deleteFile(id),
    addToContainer: async (id, file_ids, signal) =>
      requireEndpoint(endpoint).addToContainer(id, file_ids, signal),
  };
}
