import type { Log } from '../../shared/log.ts';
import {
  type EndpointFiles,
  EndpointFilesError,
  type NewVectorStore,
} from '../models/endpoint-files.ts';
import type { Model } from '../models/model.ts';
import { unsupportedTools } from '../runs/file-search/available.ts';
import { isConnectionLoss } from '../store/errors.ts';

/*
 * Some changes need an answer of the model endpoint: which tools it has, or a new vector store. A
 * transaction never waits for the endpoint, because all other writes would wait too.
 */
interface Deps {
  readonly model: Pick<Model, 'unsupportedTools'>;
  readonly files: Pick<
    EndpointFiles,
    'createVectorStore' | 'addToVectorStore' | 'deleteVectorStore' | 'canSearch'
  > | null;
  readonly log: Pick<Log, 'warn'>;
}

/** Bounds the attempts at a change whose rows others keep changing. */
export const maxAttempts = 10;

/** The rows that a change was prepared for have changed: it has to be prepared again. */
export class StalePreparation extends Error {
  override readonly name = 'StalePreparation';
}

/** Whether the endpoint refused the request itself. */
const isRefusal = (error: unknown): error is EndpointFilesError =>
  error instanceof EndpointFilesError && error.status === 400;

/** The vector stores that one change needs at the model endpoint. */
export class UpstreamStores {
  readonly #deps: Deps;
  readonly #createdIds: string[] = [];

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /**
   * Adds files to the vector store, or to a new one where none is given or it has expired. Resolves
   * to the id of the store, or to null where there are no vector stores.
   */
  async ensure(store: NewVectorStore, id?: string): Promise<string | null> {
    const { files } = this.#deps;
    const unsupported = await unsupportedTools(this.#deps, [{ type: 'file_search' }]);
    if (files === null || unsupported.length > 0) return null;
    const holderId = await (id === undefined
      ? files.createVectorStore(store)
      : files.addToVectorStore(id, store));
    if (holderId !== null && holderId !== id) this.#createdIds.push(holderId);
    return holderId;
  }

  /**
   * Like {@link ensure}, for files of which some are optional: those that the endpoint refuses, for
   * example because it cannot search their type, are left out with a warning.
   */
  async ensureWithOptional(
    { required, optional }: { readonly required: string[]; readonly optional: string[] },
    settings: Omit<NewVectorStore, 'file_ids'>,
    id?: string,
  ): Promise<string | null> {
    const ensure = (file_ids: string[], store: string | undefined) =>
      this.ensure({ file_ids, ...settings }, store);
    const ensureAll = () => ensure([...required, ...optional], id);
    if (optional.length === 0) return ensureAll();
    try {
      return await ensureAll();
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    let store = required.length === 0 ? (id ?? null) : await ensure(required, id);
    for (const file_id of optional) {
      try {
        store = await ensure([file_id], store ?? undefined);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#deps.log.warn('a file of a message cannot be searched', {
          file_id,
          error: error.message,
        });
      }
    }
    return store;
  }

  async deleteCreated(): Promise<void> {
    const { files, log } = this.#deps;
    for (const id of this.#createdIds) {
      await files?.deleteVectorStore(id).catch(({ message }: Error) => {
        log.warn('could not delete an unused vector store', { id, error: message });
      });
    }
  }
}

/**
 * Makes a change that needs the model endpoint. `prepare` checks the request and asks the endpoint,
 * outside a transaction; `change` checks again and writes, in a transaction, and throws
 * {@link StalePreparation} where the answers no longer fit. Vector stores created for a change that
 * fails are deleted.
 */
export async function withUpstreamLookups<Prepared, Result>(
  deps: Deps,
  prepare: (stores: UpstreamStores) => Promise<Prepared>,
  change: (prepared: Prepared) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const stores = new UpstreamStores(deps);
    try {
      return await change(await prepare(stores));
    } catch (error) {
      // A commit whose answer was lost may have happened.
      if (!isConnectionLoss(error)) await stores.deleteCreated();
      if (!(error instanceof StalePreparation) || attempt === maxAttempts) throw error;
    }
  }
}
