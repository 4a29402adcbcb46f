import { Hono } from 'hono';
import type OpenAI from 'openai';
import * as z from 'zod';
import type { Clock } from '../../src/shared/clock.ts';
import { newBatch, newFile, newStore } from './upstream-file-bodies.ts';
import { newSearch, searchStore } from './upstream-search.ts';

const secondsPerDay = 86_400;

export interface StoredFile extends OpenAI.FileObject {
  readonly content: Blob;
}

export interface StoredStore {
  readonly id: string;
  readonly created_at: number;
  readonly settings: Omit<z.infer<typeof newStore>, 'file_ids'>;
  /** File id → when it is indexed, in milliseconds since the epoch. */
  readonly files: Map<string, number>;
}

/** The endpoint's objects. */
interface Objects {
  readonly files: Map<string, StoredFile>;
  readonly stores: Map<string, StoredStore>;
  /** Container id → file id → content. */
  readonly containers: Map<string, Map<string, Blob>>;
}

export interface Storage extends Objects {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Every request: method and path without `/v1`. */
  readonly requests: string[];
  /** The requests that the engine aborted. */
  readonly abortedRequests: string[];
  /** Adds a file as if it had been uploaded. */
  addFile(id: string, content?: string, filename?: string): void;
}

interface StorageOptions {
  readonly clock: Clock;
  /** The API key that requests need; null: none. */
  readonly apiKey: string | null;
  /** How long indexing a file in a vector store takes; default: 0. */
  readonly indexingMs?: number;
  /** Missing first path segment → status, such as `vector_stores` → 404. */
  readonly missingPaths?: Readonly<Record<string, number>>;
  /** Whether files with purpose assistants cannot be downloaded, as at OpenAI; default: false. */
  readonly refusesDownloads?: boolean;
}

interface State extends Objects {
  readonly refusesDownloads: boolean;
  readonly clock: Clock;
  readonly indexingMs: number;
  readonly nextId: (prefix: string) => string;
}

class HttpError extends Error {
  readonly status: number;

  constructor(status: HttpError['status'], message: string) {
    super(message);
    this.status = status;
  }
}

const secondsOf = (clock: Clock) => Math.floor(clock.now() / 1000);

const listOf = <T extends { readonly id: string }>(data: T[]) => ({
  object: 'list',
  data,
  first_id: data.at(0)?.id ?? null,
  last_id: data.at(-1)?.id ?? null,
  has_more: false,
});

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const { success, data, error } = schema.safeParse(body);
  if (!success) throw new HttpError(400, z.prettifyError(error));
  return data;
}

function find<T>(all: ReadonlyMap<string, T>, id: string, message: string): T {
  const value = all.get(id);
  if (value === undefined) throw new HttpError(404, message);
  return value;
}

const toFile = ({ content: _content, ...file }: StoredFile): OpenAI.FileObject => file;

function toStore(store: StoredStore, now: number): OpenAI.VectorStore {
  const { id, created_at, settings, files } = store;
  const total = files.size;
  const completed = [...files.values()].filter((indexedAt) => indexedAt <= now).length;
  const { name = '', metadata = {}, expires_after } = settings;
  const expires_at = created_at + (expires_after?.days ?? Infinity) * secondsPerDay;
  const isExpired = expires_at * 1000 <= now;
  return {
    id,
    object: 'vector_store',
    created_at,
    name,
    usage_bytes: 0,
    file_counts: { in_progress: total - completed, completed, failed: 0, cancelled: 0, total },
    status: isExpired ? 'expired' : completed < total ? 'in_progress' : 'completed',
    last_active_at: created_at,
    metadata,
    ...(expires_after && { expires_after, expires_at }),
  };
}

/** All files of a store as one batch. */
const toBatch = ({ id, created_at, status, file_counts }: OpenAI.VectorStore, batch: string) => ({
  id: batch,
  object: 'vector_store.files_batch',
  created_at,
  vector_store_id: id,
  status,
  file_counts,
});

const fileOf = ({ files }: Objects, id: string) => find(files, id, `No such File object: ${id}`);

const storeOf = ({ stores }: Objects, id: string) =>
  find(stores, id, `No vector store found with id '${id}'.`);

function storeFile(
  { files, clock }: State,
  file: Pick<StoredFile, 'id' | 'filename' | 'purpose' | 'content'>,
): StoredFile {
  const defaults = { object: 'file', created_at: secondsOf(clock), status: 'processed' } as const;
  const stored: StoredFile = { ...defaults, ...file, bytes: file.content.size };
  files.set(file.id, stored);
  return stored;
}

function addFiles(state: State, store: StoredStore, ids: readonly string[]): void {
  for (const id of ids) {
    if (!fileOf(state, id).filename.endsWith('.csv')) continue;
    throw new HttpError(400, 'Files with extensions [.csv] are not supported for retrieval.');
  }
  for (const id of ids) store.files.set(id, state.clock.now() + state.indexingMs);
}

function fileRoutes(state: State): Hono {
  const { files, nextId } = state;
  const routes = new Hono();
  routes.get('/', (context) => context.json(listOf([...files.values()].map(toFile))));
  routes.post('/', async (context) => {
    const { file, purpose } = parse(newFile, await context.req.parseBody());
    if (purpose === 'vision' && !/\.(?:png|jpeg|gif|webp)$/u.test(file.name)) {
      throw new HttpError(400, 'Invalid file format for purpose vision.');
    }
    const stored = { id: nextId('file-'), filename: file.name, purpose, content: file };
    return context.json(toFile(storeFile(state, stored)));
  });
  routes.get('/:id', (context) => context.json(toFile(fileOf(state, context.req.param('id')))));
  routes.get('/:id/content', (context) => {
    const { content, purpose } = fileOf(state, context.req.param('id'));
    if (state.refusesDownloads && (purpose === 'assistants' || purpose === 'user_data')) {
      throw new HttpError(400, `Not allowed to download files of purpose: ${purpose}`);
    }
    return new Response(content);
  });
  routes.delete('/:id', (context) => {
    const { id } = fileOf(state, context.req.param('id'));
    files.delete(id);
    return context.json({ id, object: 'file', deleted: true });
  });
  return routes;
}

function storeRoutes(state: State): Hono {
  const { stores, nextId, clock } = state;
  const routes = new Hono();
  const show = (store: StoredStore) => toStore(store, clock.now());
  routes.get('/', (context) => context.json(listOf([...stores.values()].map(show))));
  routes.post('/', async (context) => {
    const { file_ids = [], ...settings } = parse(newStore, await context.req.json());
    const id = nextId('vs_');
    const store = { id, created_at: secondsOf(clock), settings, files: new Map() };
    addFiles(state, store, file_ids);
    stores.set(id, store);
    return context.json(show(store));
  });
  routes.get('/:id', (context) => context.json(show(storeOf(state, context.req.param('id')))));
  routes.delete('/:id', (context) => {
    const { id } = storeOf(state, context.req.param('id'));
    stores.delete(id);
    return context.json({ id, object: 'vector_store.deleted', deleted: true });
  });
  routes.post('/:id/search', async (context) => {
    const search = parse(newSearch, await context.req.json());
    const store = storeOf(state, context.req.param('id'));
    if (show(store).status === 'expired') {
      throw new HttpError(400, `Vector store ${store.id} has expired.`);
    }
    const files = [...store.files.keys()].map((id) => fileOf(state, id));
    return context.json(await searchStore(files, search));
  });
  routes.get('/:id/files', (context) => {
    const ids = [...storeOf(state, context.req.param('id')).files.keys()];
    const start = ids.indexOf(context.req.query('after') ?? '') + 1;
    const limit = Number(context.req.query('limit') ?? 20);
    const page = ids.slice(start, start + limit).map((id) => ({ id, object: 'vector_store.file' }));
    return context.json({ ...listOf(page), has_more: ids.length > start + limit });
  });
  routes.delete('/:id/files/:file', (context) => {
    const { id, file } = context.req.param();
    if (!storeOf(state, id).files.delete(file)) {
      throw new HttpError(404, `No file found with id '${file}' in vector store '${id}'.`);
    }
    return context.json({ id: file, object: 'vector_store.file.deleted', deleted: true });
  });
  routes.post('/:id/file_batches', async (context) => {
    const store = storeOf(state, context.req.param('id'));
    addFiles(state, store, parse(newBatch, await context.req.json()).file_ids);
    return context.json(toBatch(show(store), nextId('vsfb_')));
  });
  routes.get('/:id/file_batches/:batch', (context) => {
    const { id, batch } = context.req.param();
    return context.json(toBatch(show(storeOf(state, id)), batch));
  });
  return routes;
}

function containerRoutes(state: State): Hono {
  const { containers, nextId } = state;
  const routes = new Hono();
  routes.get('/', (context) => context.json(listOf([])));
  routes.post('/:id/files', async (context) => {
    const id = context.req.param('id');
    const files = find(containers, id, `Container with id '${id}' not found.`);
    const { file_id } = parse(z.object({ file_id: z.string() }), await context.req.json());
    const { content, filename } = fileOf(state, file_id);
    const copy = nextId('cfile_');
    files.set(copy, content);
    const path = `/mnt/data/${filename}`;
    return context.json({ id: copy, object: 'container.file', container_id: id, path });
  });
  routes.get('/:id/files/:file/content', (context) => {
    const { id, file } = context.req.param();
    const files = find(containers, id, `Container with id '${id}' not found.`);
    return new Response(find(files, file, `File with id '${file}' not found.`));
  });
  return routes;
}

/** A fake endpoint for files, vector stores and containers. */
export function createStorage(options: StorageOptions): Storage {
  const { clock, apiKey, missingPaths = {}, indexingMs = 0, refusesDownloads = false } = options;
  const objects: Objects = { files: new Map(), stores: new Map(), containers: new Map() };
  let count = 0;
  const nextId = (prefix: string) => `${prefix}made${(count += 1)}`;
  const state: State = { ...objects, clock, indexingMs, refusesDownloads, nextId };
  const requests: string[] = [];
  const abortedRequests: string[] = [];

  const app = new Hono();
  app.use(async (context, next) => {
    const { method, path } = context.req;
    requests.push(`${method} ${path.replace('/v1', '')}`);
    const credentials = context.req.header('authorization');
    if (apiKey !== null && credentials !== `Bearer ${apiKey}`) {
      throw new HttpError(401, `Incorrect API key provided: ${credentials}.`);
    }
    const missingStatus = missingPaths[path.split('/')[2] ?? ''];
    if (missingStatus !== undefined) throw new HttpError(missingStatus, `Unknown path ${path}.`);
    await next();
  });
  app.onError((error) => {
    if (!(error instanceof HttpError)) throw error;
    const { message, status } = error;
    const body = { error: { message, type: 'invalid_request_error', param: null, code: null } };
    return Response.json(body, { status, headers: { 'x-should-retry': 'false' } });
  });
  app.notFound(({ req }) => {
    throw new HttpError(404, `Invalid URL (${req.method} ${req.path})`);
  });
  app.route('/v1/files', fileRoutes(state));
  app.route('/v1/vector_stores', storeRoutes(state));
  app.route('/v1/containers', containerRoutes(state));

  return {
    ...objects,
    fetch: async (request) => {
      const name = `${request.method} ${new URL(request.url).pathname.replace('/v1', '')}`;
      request.signal.addEventListener('abort', () => abortedRequests.push(name), { once: true });
      return app.fetch(request);
    },
    requests,
    abortedRequests,
    addFile(id, content = 'Hello.', filename = `${id}.txt`) {
      storeFile(state, { id, filename, purpose: 'assistants', content: new Blob([content]) });
    },
  };
}
