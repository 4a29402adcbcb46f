import OpenAI from 'openai';
import { expect, onTestFinished } from 'vitest';
import type { Ids } from '../../src/shared/ids.ts';
import { createEmbeddedEngine } from '../../src/backend/embedded-engine.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { ModelApi } from '../../src/engine/models/index.ts';
import { createLog } from '../../src/shared/log.ts';
import { inProcessFetch } from '../../src/backend/openai-client.ts';
import { createClock, createIds, type ManualClock } from './clock.ts';
import { locateDatabase } from './test-database.ts';
import { contractViolation } from './objects.ts';
import { checkFrames } from './run-stream.ts';
import { createStorage, type Storage } from './upstream-files.ts';
import { createUpstream, type Turn, type Upstream } from './upstream.ts';
import type { ResponsesRequest } from './upstream-request.ts';

export const apiKey = 'sk-test-0123456789abcdefghij';

export interface HarnessOptions {
  /** File of the database; in memory by default. */
  readonly database?: string;
  readonly model?: ModelApi;
  /** The engine's API key; null: none. */
  readonly key?: string | null;
  /** Another model endpoint, which needs no key. */
  readonly baseURL?: string;
  /** Serves the model endpoint instead of `upstream`. */
  readonly endpoint?: Pick<Upstream, 'fetch' | 'rejections'>;
  readonly clock?: ManualClock;
  readonly ids?: Ids;
  readonly runLifetime?: number;
  readonly concurrency?: number;
  /** Seconds without a byte after which a model call is given up; null by default: never. */
  readonly modelTimeout?: number | null;
  readonly showReasoning?: boolean;
  /** Models that replace others: retired → current. */
  readonly modelMap?: ReadonlyMap<string, string>;
  /** The endpoint's model for searching by meaning; none by default. */
  readonly embeddingModel?: string;
  readonly hostedTools?: 'refuse' | 'drop';
  readonly defaultTurn?: (body: ResponsesRequest) => Turn;
  readonly rejectEncryptedContent?: boolean;
  /** Objects may have ids of other formats, so responses are not checked against the contract. */
  readonly oldIds?: boolean;
  /** Milliseconds until a file in a vector store is indexed; 0 by default. */
  readonly indexing?: number;
  /** What the endpoint lacks, and the status it returns: `vector_stores` → 404. */
  readonly lacks?: Readonly<Record<string, number>>;
  /** Whether files uploaded for assistants cannot be downloaded, as with OpenAI; false by default. */
  readonly withholds?: boolean;
  /** Who keeps files; by default, the endpoint if it has files and vector stores. */
  readonly keepsFiles?: 'auto' | 'endpoint' | 'local';
  /** Limits of files, in bytes. */
  readonly maxFile?: number;
  readonly maxFileStorage?: number;
}

/** The response to a request sent without the SDK. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any JSON
  readonly body: any;
}

export interface Harness {
  readonly openai: OpenAI;
  readonly engine: Engine;
  /** The engine's `fetch`, with every response checked against the contract. */
  readonly fetch: Engine['fetch'];
  /** The same with the endpoint's files, as the program's own client uses it. */
  readonly fetchWithFiles: Engine['fetch'];
  readonly upstream: Upstream;
  /** The files, vector stores and containers of the model endpoint. */
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly ids: Ids;
  readonly logLines: string[];
  /** Sends one request: a string body unchanged, any other as JSON. */
  readonly request: (
    method: string,
    path: string,
    body?: unknown,
    headers?: object,
  ) => Promise<Answer>;
  /** One pass of the worker; resolves when the runs it started have stopped. */
  readonly runToEnd: () => Promise<void>;
}

/** Wraps a handler: responses that violate the contract are added to `violations`. */
export function checked(handler: Engine['fetch'], violations: string[]): Engine['fetch'] {
  return async (request) => {
    const endpoint = `${request.method} ${new URL(request.url).pathname}`;
    const response = await handler(request);
    // A file can have any content.
    if (response.ok && response.headers.has('content-disposition')) return response;
    if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      return checkFrames(response, (violation) => violations.push(`${endpoint}: ${violation}`));
    }
    const text = await response.clone().text();
    try {
      const violation = contractViolation(response.status, response.headers, JSON.parse(text));
      if (violation !== null) violations.push(`${endpoint} ${response.status}: ${violation}`);
    } catch (error) {
      violations.push(`${endpoint} ${response.status}: ${String(error)} ${text}`);
    }
    return response;
  };
}

async function openEngine(options: HarnessOptions, logLines: string[]) {
  const clock = options.clock ?? createClock();
  const ids = options.ids ?? createIds();
  const { key = apiKey, baseURL } = options;
  const { defaultTurn, rejectEncryptedContent = false } = options;
  const upstream = createUpstream({
    apiKey: baseURL === undefined ? apiKey : null,
    rejectEncryptedContent,
    ...(defaultTurn && { defaultTurn }),
  });
  const storage = createStorage({
    clock,
    apiKey: baseURL === undefined ? apiKey : null,
    ...(options.indexing !== undefined && { indexingMs: options.indexing }),
    ...(options.lacks && { missingPaths: options.lacks }),
    refusesDownloads: options.withholds === true,
  });
  const fetch: typeof globalThis.fetch = (input, init) => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    const isStored = /^\/v1\/(?:files|vector_stores|containers)\b/u.test(pathname);
    return isStored ? storage.fetch(request) : (options.endpoint ?? upstream).fetch(input, init);
  };
  const embedded = await createEmbeddedEngine({
    config: {
      apiKey: key,
      modelBaseUrl: baseURL ?? null,
      modelApi: options.model ?? 'responses',
      model: null,
      modelMap: options.modelMap ?? new Map(),
      embeddingModel: options.embeddingModel ?? null,
      hostedTools: options.hostedTools ?? 'refuse',
      files: options.keepsFiles ?? 'auto',
      maxFile: options.maxFile ?? 2 ** 29,
      maxFileStorage: options.maxFileStorage ?? 2 ** 36,
      database: await locateDatabase(options.database),
      runLifetime: options.runLifetime ?? 600,
      concurrency: options.concurrency ?? 16,
      modelTimeout: options.modelTimeout ?? null,
      showReasoning: options.showReasoning ?? false,
    },
    clock,
    ids,
    log: createLog({
      level: 'debug',
      secrets: key === null ? [] : [key],
      now: () => clock.now(),
      write: (line) => logLines.push(line),
    }),
    fetch,
  });
  return { clock, ids, upstream, storage, ...embedded };
}

/**
 * Starts an engine with its own database, a fake model endpoint and the official SDK as the client.
 * Every response is checked against the contract. The engine stops when the test finishes.
 */
export async function setup(options: HarnessOptions = {}): Promise<Harness> {
  const logLines: string[] = [];
  const violations: string[] = [];
  const { clock, ids, upstream, storage, engine, fetch } = await openEngine(options, logLines);
  const checkUnlessOldIds = (handler: Engine['fetch']) =>
    options.oldIds === true ? handler : checked(handler, violations);
  const handler = checkUnlessOldIds((request) => engine.fetch(request));
  const checkedFetch = checkUnlessOldIds(fetch);
  // Responses of the model endpoint about its files are not part of the engine's contract.
  const fetchWithFiles = async (request: Request) => {
    const isUpstream =
      /^\/v1\/(?:files|uploads|vector_stores)(?:\/|$)/u.test(new URL(request.url).pathname) &&
      !(await engine.owns(request));
    return isUpstream ? fetch(request) : checkedFetch(request);
  };
  const openai = new OpenAI({
    apiKey: 'sk-caller',
    baseURL: 'http://embedded/v1',
    fetch: inProcessFetch(fetchWithFiles),
    maxRetries: 0,
  });
  onTestFinished(async () => {
    await engine.stop(0);
    const { rejections } = options.endpoint ?? upstream;
    expect({ violations, rejections }).toEqual({ violations: [], rejections: [] });
  });
  return {
    openai,
    engine,
    fetch: handler,
    fetchWithFiles,
    upstream,
    storage,
    clock,
    ids,
    logLines,
    async request(method, path, body, headers = {}) {
      const request = new Request(`http://embedded/v1${path}`, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const response = await handler(request);
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    async runToEnd() {
      await engine.tick();
      await engine.idle();
    },
  };
}
