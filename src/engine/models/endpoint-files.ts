import { fieldOf } from '../../shared/json.ts';
import type OpenAI from 'openai';
import { APIError, toFile } from 'openai';
import { redactedExcerpt } from '../../shared/redact.ts';
import {
  createEndpointClient,
  type EndpointOptions,
  isMissingPath,
  secretsOf,
} from './endpoint.ts';
import type { EphemeralFile } from './model.ts';
import { errorMessage } from '../../shared/errors.ts';
import { upstreamMessage } from './error-sentence.ts';
import type { Clock } from '../../shared/clock.ts';
import { withTimeout } from '../../shared/timeout.ts';
import { downloadImage, toImageUrl } from './image-files.ts';
import { createPathProbe } from './tool-support.ts';
import { searchEndpoint, type SearchRequest, type SearchResult } from './vector-search.ts';

export type NewVectorStore = Pick<
  OpenAI.VectorStoreCreateParams,
  'chunking_strategy' | 'metadata' | 'expires_after'
> & { readonly file_ids: readonly string[] };

/**
 * Files, vector stores and containers, of the model endpoint or of this database. Every method throws
 * {@link EndpointFilesError}.
 */
export interface EndpointFiles {
  /** Resolves to the id of the new store, or to null if the endpoint has no vector stores. */
  createVectorStore(store: NewVectorStore): Promise<string | null>;
  /**
   * Adds the files to a store, or to a new one if that has expired or was deleted. Resolves like `createVectorStore`.
   */
  addToVectorStore(store_id: string, store: NewVectorStore): Promise<string | null>;
  deleteVectorStore(store_id: string): Promise<void>;
  /** The ids of the files in a store; none if it does not exist. */
  listStoreFiles(store_id: string): Promise<string[]>;
  /** Succeeds if the store does not have the file. The file itself stays. */
  removeFromVectorStore(store_id: string, file_id: string): Promise<void>;
  /** The number of files in a store that cannot be searched yet. */
  countIndexing(store_id: string, signal: AbortSignal): Promise<number>;
  /** Whether there are vector stores to search; true while it cannot be found out. */
  canSearch(): Promise<boolean>;
  /** The best passages of the stores' files, best first. */
  search(request: SearchRequest): Promise<readonly SearchResult[]>;
  /** Downloads a file that a tool generated, from its container or its URL. */
  downloadGenerated(file: EphemeralFile, signal: AbortSignal): Promise<File>;
  /** Uploads a file; resolves to its id, or to null where this database keeps files. */
  upload(file: File, signal: AbortSignal): Promise<string | null>;
  /** Deletes a file; succeeds if it does not exist. */
  deleteFile(file_id: string): Promise<void>;
  /** Copies files into a container, for its code to read. */
  addToContainer(
    container_id: string,
    file_ids: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
  /** Resolves to a `data:` URL, for model APIs that take no file ids. */
  readImage(file_id: string, signal: AbortSignal): Promise<string>;
  /** Whether this database holds the file or the vector store. */
  isLocal(id: string): Promise<boolean>;
}

/** A failed call, with the endpoint's own message; secrets are redacted. */
export class EndpointFilesError extends Error {
  override readonly name = 'EndpointFilesError';
  /** The HTTP status; null: there was no response. */
  readonly status: number | null;
  readonly param: string | null;
  readonly code: string | null;

  constructor(message: string, { status, param, code }: Partial<APIError> = {}) {
    super(message);
    this.status = status ?? null;
    this.param = param ?? null;
    this.code = code ?? null;
  }
}

/** In characters. */
const maxMessageLength = 2000;

export function toEndpointFilesError(
  error: unknown,
  secrets: readonly string[],
): EndpointFilesError {
  const isAPIError = error instanceof APIError;
  const message = isAPIError ? upstreamMessage(error) : errorMessage(error);
  const excerpt = redactedExcerpt(message, maxMessageLength, secrets);
  return new EndpointFilesError(excerpt, isAPIError ? error : {});
}

/** The id of an object that the endpoint created. */
function idOf(object: unknown): string {
  const id = fieldOf(object, 'id');
  if (typeof id === 'string' && id !== '') return id;
  throw new Error('The model endpoint did not send the id of the new object.');
}

/** Files may be large. */
const fileTimeoutMs = 600_000;

/** A client's request waits for the store. */
const storeTimeoutMs = 60_000;

/** The endpoint's limit. */
const maxFilesPerBatch = 500;

async function addFiles(
  client: OpenAI,
  store_id: string,
  file_ids: readonly string[],
  chunking: Pick<NewVectorStore, 'chunking_strategy'> = {},
): Promise<void> {
  for (let start = 0; start < file_ids.length; start += maxFilesPerBatch) {
    const batch = file_ids.slice(start, start + maxFilesPerBatch);
    await client.vectorStores.fileBatches.create(store_id, { file_ids: batch, ...chunking });
  }
}

/** Null if the endpoint has no vector stores. Listing tells a missing API from an unknown store. */
async function nullIfUnsupported<T>(
  { vectorStores }: OpenAI,
  response: Promise<T>,
): Promise<T | null> {
  try {
    return await response;
  } catch (error) {
    if (!isMissingPath(error)) throw error;
    if (await vectorStores.list({ limit: 1 }).then(() => false, isMissingPath)) return null;
    throw error;
  }
}

async function createStore(
  client: OpenAI,
  { file_ids, ...settings }: NewVectorStore,
): Promise<string> {
  const { chunking_strategy } = settings;
  const batch = file_ids.slice(0, maxFilesPerBatch);
  const id = idOf(await client.vectorStores.create({ ...settings, file_ids: batch }));
  try {
    const chunking = chunking_strategy === undefined ? {} : { chunking_strategy };
    await addFiles(client, id, file_ids.slice(maxFilesPerBatch), chunking);
    return id;
  } catch (error) {
    // The first error is the one that the caller can act on.
    await client.vectorStores.delete(id).catch(() => undefined);
    throw error;
  }
}

async function listStoreFiles({ vectorStores }: OpenAI, id: string): Promise<string[]> {
  const ids: string[] = [];
  try {
    for await (const file of vectorStores.files.list(id, { limit: 100, order: 'asc' })) {
      ids.push(file.id);
    }
    return ids;
  } catch (error) {
    if (isMissingPath(error)) return [];
    throw error;
  }
}

/** Deletes something, which may not exist. */
const ignoreMissing = async (response: Promise<unknown>) => {
  await response.catch((error: unknown) => {
    if (!isMissingPath(error)) throw error;
  });
};

/** Whether files can be added to the store: it exists and has not expired. */
async function isUsable({ vectorStores }: OpenAI, id: string): Promise<boolean> {
  try {
    return fieldOf(await vectorStores.retrieve(id), 'status') !== 'expired';
  } catch (error) {
    if (error instanceof APIError && error.status === 404) return false;
    throw error;
  }
}

async function addToStore(client: OpenAI, id: string, store: NewVectorStore): Promise<string> {
  if (!(await isUsable(client, id))) return createStore(client, store);
  await addFiles(client, id, store.file_ids);
  return id;
}

/**
 * Files with purpose `vision` can be downloaded again and shown to a model. Some endpoints accept only
 * images for it, or do not know it.
 */
const [preferredPurpose, fallbackPurpose] = ['vision', 'assistants'] as const;

async function upload({ files }: OpenAI, file: File, signal: AbortSignal): Promise<string> {
  try {
    return idOf(await files.create({ file, purpose: preferredPurpose }, { signal }));
  } catch (error) {
    const isRejected = error instanceof APIError && (error.status === 400 || error.status === 422);
    if (!isRejected) throw error;
    return idOf(await files.create({ file, purpose: fallbackPurpose }, { signal }));
  }
}

/** Creates the client of the model endpoint's files (contract §3.4, §8.6). */
export function createEndpointFiles(options: EndpointOptions): EndpointFiles {
  const client = createEndpointClient(options, fileTimeoutMs);
  const { containers, files } = client;
  const storeClient = createEndpointClient(options, storeTimeoutMs);
  const { vectorStores } = storeClient;
  const wrapErrors = async <T>(response: Promise<T>): Promise<T> => {
    try {
      return await response;
    } catch (error) {
      throw toEndpointFilesError(error, secretsOf(options));
    }
  };
  const downloadGenerated = async (file: EphemeralFile, signal: AbortSignal) => {
    if ('url' in file) return downloadImage(file.url, options.fetch ?? globalThis.fetch, signal);
    const { container_id, file_id, filename } = file;
    const { content } = containers.files;
    return toFile(await content.retrieve(file_id, { container_id }, { signal }), filename);
  };
  const removeFromVectorStore = (vector_store_id: string, file_id: string) =>
    ignoreMissing(vectorStores.files.delete(file_id, { vector_store_id }));
  const addToContainer = async (id: string, file_ids: readonly string[], signal: AbortSignal) => {
    for (const file_id of file_ids) await containers.files.create(id, { file_id }, { signal });
  };
  const readImage = async (id: string, signal: AbortSignal) => {
    const content = await files.content(id, { signal });
    return toImageUrl(new Uint8Array(await content.arrayBuffer()));
  };
  const countIndexing = async (id: string, signal: AbortSignal) => {
    const store: unknown = await vectorStores.retrieve(id, { signal });
    const count = fieldOf(fieldOf(store, 'file_counts'), 'in_progress');
    return typeof count === 'number' ? count : 0;
  };
  const deleteVectorStore = async (id: string) => {
    await vectorStores.delete(id);
  };
  const hasPath = createPathProbe(options);
  return {
    createVectorStore: (store) =>
      wrapErrors(nullIfUnsupported(storeClient, createStore(storeClient, store))),
    addToVectorStore: (id, store) =>
      wrapErrors(nullIfUnsupported(storeClient, addToStore(storeClient, id, store))),
    deleteVectorStore: (id) => wrapErrors(deleteVectorStore(id)),
    listStoreFiles: (id) => wrapErrors(listStoreFiles(storeClient, id)),
    removeFromVectorStore: (id, file_id) => wrapErrors(removeFromVectorStore(id, file_id)),
    countIndexing: (id, signal) => wrapErrors(countIndexing(id, signal)),
    canSearch: async () => (await hasPath('/vector_stores?limit=1')) ?? true,
    search: (request) => wrapErrors(searchEndpoint(storeClient, request)),
    downloadGenerated: (file, signal) => wrapErrors(downloadGenerated(file, signal)),
    upload: (file, signal) => wrapErrors(upload(client, file, signal)),
    deleteFile: (id) => wrapErrors(ignoreMissing(files.delete(id))),
    addToContainer: (id, file_ids, signal) => wrapErrors(addToContainer(id, file_ids, signal)),
    readImage: (id, signal) => wrapErrors(readImage(id, signal)),
    isLocal: async () => false,
  };
}

/** A run waits for each call. */
const fileCallTimeoutMs = 60_000;

/** Resolves like `call`; after 60 seconds, rejects and aborts the call. */
export const callWithTimeout = <T>(
  clock: Clock,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  withTimeout({ clock, ms: fileCallTimeoutMs, signal }, call, () =>
    Promise.reject(
      new EndpointFilesError(
        `The model endpoint did not respond within ${fileCallTimeoutMs / 1000} seconds.`,
      ),
    ),
  );
