import { unixSeconds } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import {
  type EndpointFiles,
  EndpointFilesError,
  type NewVectorStore,
} from '../models/endpoint-files.ts';
import {
  addFiles,
  countIndexing,
  createStore,
  deleteStore,
  isUsable,
  listStoreFiles,
  removeFile,
  requireUsableStore,
  type VectorStoreDeps,
} from './stores.ts';

export type LocalVectorStores = Pick<
  EndpointFiles,
  | 'createVectorStore'
  | 'addToVectorStore'
  | 'deleteVectorStore'
  | 'listStoreFiles'
  | 'removeFromVectorStore'
  | 'countIndexing'
>;

/** Reports an error of the API as the endpoint's client does. */
export async function wrapErrors<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { message, status, param, code } = error;
    const details = { status: status ?? undefined, param, code };
    throw new EndpointFilesError(message, details);
  }
}

/** The vector stores of this database, for the parts of the engine that know those of an endpoint. */
export function createLocalVectorStores(deps: VectorStoreDeps): LocalVectorStores {
  const create = ({ file_ids, ...settings }: NewVectorStore) => {
    const { chunking_strategy, metadata, expires_after } = settings;
    return createStore(deps, {
      file_ids,
      ...(chunking_strategy !== undefined && { chunking_strategy }),
      ...(metadata !== undefined && { metadata }),
      ...(expires_after !== undefined && { expires_after }),
    });
  };
  const add = async (id: string, store: NewVectorStore) => {
    if (!(await isUsable(deps, id))) return create(store);
    await addFiles(deps, id, store.file_ids, store);
    return id;
  };
  const deleteExisting = async (id: string) => {
    await requireUsableStore(deps.db, id, unixSeconds(deps.clock));
    await deleteStore(deps, id);
  };
  const remove = async (id: string, file_id: string) => {
    await removeFile(deps, id, file_id);
  };
  return {
    createVectorStore: (store) => wrapErrors(create(store)),
    addToVectorStore: (id, store) => wrapErrors(add(id, store)),
    deleteVectorStore: (id) => wrapErrors(deleteExisting(id)),
    listStoreFiles: (id) => listStoreFiles(deps, id),
    removeFromVectorStore: remove,
    countIndexing: (id) => countIndexing(deps, id),
  };
}
