import type OpenAI from 'openai';
import { APIError, toFile } from 'openai';
import { redact } from '../../shared/redact.ts';
import {
  createEndpointClient,
  type EndpointOptions,
  isMissingPath,
  secretsOf,
} from './endpoint.ts';
import type { EphemeralFile } from './model.ts';
import { errorMessage } from '../../shared/errors.ts';
import { upstreamMessage } from './upstream-error.ts';
import type { Clock } from '../../shared/clock.ts';
import { withTimeout } from '../../shared/timeout.ts';

export type NewVectorStore = Pick<
  OpenAI.VectorStoreCreateParams,
  'chunking_strategy' | 'metadata' | 'expires_after'
> & { readonly file_ids: readonly string[] };

/**
 * What the engine asks of the endpoint's files, vector stores and containers; every method throws
 * {@link EndpointFilesError}. Ids are the endpoint's own.
 */
export interface EndpointFiles {
  /**
   * Makes a vector store that holds these files, or none; resolves to its id, or to null at an
   * endpoint without vector stores.
   */
  createVectorStore(store: NewVectorStore): Promise<string | null>;
  /**
   * Adds the files to a vector store, or makes a new one when that has expired, which nobody can
   * search any more; resolves as `createVectorStore` does.
   */
  addToVectorStore(store_id: string, store: NewVectorStore): Promise<string | null>;
  deleteVectorStore(store_id: string): Promise<void>;
  /** How many files of a store cannot be found yet. */
  countIndexing(store_id: string, signal: AbortSignal): Promise<number>;
  /** Fetches what a tool made, from its container or from where an image's URL leads. */
  downloadGenerated(made: EphemeralFile, signal: AbortSignal): Promise<File>;
  /** Keeps a file among the endpoint's; resolves to its id. */
  upload(file: File, signal: AbortSignal): Promise<string>;
  /** Deletes a file, which may be gone already. */
  deleteFile(file_id: string): Promise<void>;
  /** Puts files into a container for its code to read. */
  addToContainer(
    container_id: string,
    file_ids: readonly string[],
    signal: AbortSignal,
  ): Promise<void>;
  /** An image's bytes as a `data:` URL, for models that take no file ids. */
  readImage(file_id: string, signal: AbortSignal): Promise<string>;
}

/** What the endpoint would not do, in its own words. */
export class EndpointFilesError extends Error {
  override readonly name = 'FilesFailure';
  /** The HTTP status; null: there was no answer. */
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

function toFailure(error: unknown, secrets: readonly string[]): EndpointFilesError {
  if (error instanceof APIError)
    return new EndpointFilesError(redact(upstreamMessage(error), secrets), error);
  const message = errorMessage(error);
  return new EndpointFilesError(redact(message, secrets));
}

/** Milliseconds; what is kept may be large. */
const timeout = 600_000;

/** Whoever waits for a store has a request of his own under way. */
const storeTimeout = 60_000;

/** As many as the endpoint takes at once. */
const batch = 500;

async function fillStore(
  client: OpenAI,
  store_id: string,
  file_ids: readonly string[],
  rest: Pick<NewVectorStore, 'chunking_strategy'> = {},
): Promise<void> {
  for (let start = 0; start < file_ids.length; start += batch) {
    const some = file_ids.slice(start, start + batch);
    await client.vectorStores.fileBatches.create(store_id, { file_ids: some, ...rest });
  }
}

/** Null at an endpoint without vector stores. An unknown object is a 404 too, but not to a list. */
async function nullIfUnsupported<T>(
  { vectorStores }: OpenAI,
  answer: Promise<T>,
): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (!isMissingPath(error)) throw error;
    if (await vectorStores.list({ limit: 1 }).then(() => false, isMissingPath)) return null;
    throw error;
  }
}

async function createStore(client: OpenAI, { file_ids, ...rest }: NewVectorStore): Promise<string> {
  const { chunking_strategy } = rest;
  const first = file_ids.slice(0, batch);
  const { id } = await client.vectorStores.create({ ...rest, file_ids: first });
  try {
    const chunking = chunking_strategy === undefined ? {} : { chunking_strategy };
    await fillStore(client, id, file_ids.slice(batch), chunking);
    return id;
  } catch (error) {
    await client.vectorStores.delete(id).catch(() => undefined);
    throw error;
  }
}

async function addToStore(client: OpenAI, id: string, store: NewVectorStore): Promise<string> {
  const { status } = await client.vectorStores.retrieve(id);
  if (status === 'expired') return createStore(client, store);
  await fillStore(client, id, store.file_ids);
  return id;
}

/**
 * Under the first purpose the endpoint gives a file back and a model can look at it; endpoints that
 * take only images for it, or know no such purpose, take the second.
 */
const [purpose, otherPurpose] = ['vision', 'assistants'] as const;

async function upload({ files }: OpenAI, file: File, signal: AbortSignal): Promise<string> {
  try {
    return (await files.create({ file, purpose }, { signal })).id;
  } catch (error) {
    const isRefused = error instanceof APIError && (error.status === 400 || error.status === 422);
    if (!isRefused) throw error;
    return (await files.create({ file, purpose: otherPurpose }, { signal })).id;
  }
}

/** What an image is, by its first bytes: endpoints often name no type. */
function imageType(bytes: Uint8Array): string {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('GIF8')) return 'gif';
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'webp' : 'png';
}

/** An image's bytes as a `data:` URL. */
export const toImageUrl = (bytes: Uint8Array): string =>
  `data:image/${imageType(bytes)};base64,${Buffer.from(bytes).toString('base64')}`;

/** The bytes of an image that stands in a URL or behind it. */
async function readUrl(
  url: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<File> {
  const answer = await (url.startsWith('data:') ? globalThis.fetch(url) : fetch(url, { signal }));
  if (!answer.ok) throw new Error(`The image could not be fetched: HTTP ${answer.status}.`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const type = imageType(bytes);
  return new File([bytes], `image.${type}`, { type: `image/${type}` });
}

/** The files of the endpoint that runs the models (contract §3.4, §8.6). */
export function createEndpointFiles(options: EndpointOptions): EndpointFiles {
  const client = createEndpointClient(options, timeout);
  const { containers, files } = client;
  const stores = createEndpointClient(options, storeTimeout);
  const { vectorStores } = stores;
  const wrapErrors = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw toFailure(error, secretsOf(options));
    }
  };
  const downloadGenerated = async (made: EphemeralFile, signal: AbortSignal) => {
    if ('url' in made) return readUrl(made.url, options.fetch ?? globalThis.fetch, signal);
    const { container_id, file_id, filename } = made;
    const { content } = containers.files;
    return toFile(await content.retrieve(file_id, { container_id }, { signal }), filename);
  };
  const deleteFile = async (id: string) => {
    await files.delete(id).catch((error: unknown) => {
      if (!isMissingPath(error)) throw error;
    });
  };
  const addToContainer = async (id: string, file_ids: readonly string[], signal: AbortSignal) => {
    for (const file_id of file_ids) await containers.files.create(id, { file_id }, { signal });
  };
  const readImage = async (id: string, signal: AbortSignal) => {
    const content = await files.content(id, { signal });
    return toImageUrl(new Uint8Array(await content.arrayBuffer()));
  };
  const countIndexing = async (id: string, signal: AbortSignal) =>
    (await vectorStores.retrieve(id, { signal })).file_counts.in_progress;
  const deleteVectorStore = async (id: string) => {
    await vectorStores.delete(id);
  };
  return {
    createVectorStore: (store) => wrapErrors(nullIfUnsupported(stores, createStore(stores, store))),
    addToVectorStore: (id, store) =>
      wrapErrors(nullIfUnsupported(stores, addToStore(stores, id, store))),
    deleteVectorStore: (id) => wrapErrors(deleteVectorStore(id)),
    countIndexing: (id, signal) => wrapErrors(countIndexing(id, signal)),
    downloadGenerated: (made, signal) => wrapErrors(downloadGenerated(made, signal)),
    upload: (file, signal) => wrapErrors(upload(client, file, signal)),
    deleteFile: (id) => wrapErrors(deleteFile(id)),
    addToContainer: (id, file_ids, signal) => wrapErrors(addToContainer(id, file_ids, signal)),
    readImage: (id, signal) => wrapErrors(readImage(id, signal)),
  };
}

/** Limits how long one call of the endpoint's files may hold up a run. */
const fileCallTimeoutMs = 60_000;

/** Resolves as `call` does; rejects when the endpoint does not answer in time, and aborts the call. */
export const callWithTimeout = <T>(
  clock: Clock,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  withTimeout({ clock, ms: fileCallTimeoutMs, signal }, call, () =>
    Promise.reject(new Error('The model endpoint took too long.')),
  );
