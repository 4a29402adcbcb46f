import type OpenAI from 'openai';
import { APIError, toFile } from 'openai';
import { redact } from '../../redact.ts';
import { createEndpointClient, type EndpointOptions, lacksPath, secretsOf } from './endpoint.ts';
import { sentence } from './upstream-error.ts';

export type NewVectorStore = Pick<
  OpenAI.VectorStoreCreateParams,
  'chunking_strategy' | 'metadata' | 'expires_after'
> & { readonly file_ids: readonly string[] };

/**
 * What the engine asks of the endpoint's files, vector stores and containers; every method throws
 * {@link FilesFailure}. Ids are the endpoint's own.
 */
export interface Files {
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
  /** Takes a file out of a container, which does not last, and keeps it; resolves to the kept file's id. */
  keepContainerFile(container_id: string, file_id: string, filename: string): Promise<string>;
  /** Puts files into a container for its code to read. */
  addToContainer(container_id: string, file_ids: readonly string[]): Promise<void>;
  /** Keeps an image that a model gave as a `data:` or `https:` URL; resolves to its file's id. */
  keepImage(url: string): Promise<string>;
  /** An image's bytes as a `data:` URL, for models that take no file ids. */
  readImage(file_id: string, signal: AbortSignal): Promise<string>;
}

/** What the endpoint would not do, in its own words. */
export class FilesFailure extends Error {
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

function toFailure(error: unknown, secrets: readonly string[]): FilesFailure {
  if (error instanceof APIError) return new FilesFailure(redact(sentence(error), secrets), error);
  const message = error instanceof Error ? error.message : String(error);
  return new FilesFailure(redact(message, secrets));
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
async function unlessAbsent<T>({ vectorStores }: OpenAI, answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (!lacksPath(error)) throw error;
    if (await vectorStores.list({ limit: 1 }).then(() => false, lacksPath)) return null;
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
 * Under the first purpose a file can be downloaded again, which clients do with what an assistant
 * made; endpoints that take only images for it, or know no such purpose, take the second.
 */
const [purpose, otherPurpose] = ['vision', 'assistants'] as const;

async function keep(client: OpenAI, content: Response, filename: string): Promise<string> {
  const file = await toFile(content, filename);
  try {
    return (await client.files.create({ file, purpose })).id;
  } catch (error) {
    const isRefused = error instanceof APIError && (error.status === 400 || error.status === 422);
    if (!isRefused) throw error;
    return (await client.files.create({ file, purpose: otherPurpose })).id;
  }
}

/** What an image is, by its first bytes: endpoints often name no type. */
function imageType(bytes: Buffer): string {
  const head = bytes.toString('latin1', 0, 12);
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('GIF8')) return 'gif';
  return head.startsWith('RIFF') && head.endsWith('WEBP') ? 'webp' : 'png';
}

/** The bytes of an image that stands in a URL or behind it. */
async function readUrl(url: string, fetch: typeof globalThis.fetch): Promise<Buffer> {
  const answer = await (url.startsWith('data:') ? globalThis.fetch(url) : fetch(url));
  if (!answer.ok) throw new Error(`The image could not be fetched: HTTP ${answer.status}.`);
  return Buffer.from(await answer.arrayBuffer());
}

/** The files of the endpoint that runs the models (contract §3.4, §8.6). */
export function createFiles(options: EndpointOptions): Files {
  const client = createEndpointClient(options, timeout);
  const { containers, files } = client;
  const stores = createEndpointClient(options, storeTimeout);
  const { vectorStores } = stores;
  const asking = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw toFailure(error, secretsOf(options));
    }
  };
  const keepContainerFile = async (container_id: string, id: string, filename: string) => {
    const content = await containers.files.content.retrieve(id, { container_id });
    return keep(client, content, filename);
  };
  const addToContainer = async (id: string, file_ids: readonly string[]) => {
    for (const file_id of file_ids) await containers.files.create(id, { file_id });
  };
  const keepImage = async (url: string) => {
    const bytes = await readUrl(url, options.fetch ?? globalThis.fetch);
    return keep(client, new Response(Uint8Array.from(bytes)), `image.${imageType(bytes)}`);
  };
  const readImage = async (id: string, signal: AbortSignal) => {
    const content = await files.content(id, { signal });
    const bytes = Buffer.from(await content.arrayBuffer());
    return `data:image/${imageType(bytes)};base64,${bytes.toString('base64')}`;
  };
  const countIndexing = async (id: string, signal: AbortSignal) =>
    (await vectorStores.retrieve(id, { signal })).file_counts.in_progress;
  const deleteVectorStore = async (id: string) => {
    await vectorStores.delete(id);
  };
  return {
    createVectorStore: (store) => asking(unlessAbsent(stores, createStore(stores, store))),
    addToVectorStore: (id, store) => asking(unlessAbsent(stores, addToStore(stores, id, store))),
    deleteVectorStore: (id) => asking(deleteVectorStore(id)),
    countIndexing: (id, signal) => asking(countIndexing(id, signal)),
    keepContainerFile: (id, file_id, name) => asking(keepContainerFile(id, file_id, name)),
    addToContainer: (id, file_ids) => asking(addToContainer(id, file_ids)),
    keepImage: (url) => asking(keepImage(url)),
    readImage: (id, signal) => asking(readImage(id, signal)),
  };
}
