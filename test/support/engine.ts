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
import { faultOf } from './objects.ts';
import { checkFrames } from './run-stream.ts';
import { createStorage, type Storage } from './upstream-files.ts';
import { createUpstream, type Turn, type Upstream } from './upstream.ts';
import type { ResponsesRequest } from './upstream-request.ts';

export const apiKey = 'sk-test-0123456789abcdefghij';

export interface HarnessOptions {
  /** File of the database; in memory by default. */
  readonly database?: string;
  readonly model?: ModelApi;
  /** The key the engine has; null: none. */
  readonly key?: string | null;
  /** Another model endpoint, which asks for no key. */
  readonly baseURL?: string;
  /** Answers there in place of `upstream`. */
  readonly endpoint?: Pick<Upstream, 'fetch' | 'refusals'>;
  readonly clock?: ManualClock;
  readonly ids?: Ids;
  readonly runLifetime?: number;
  readonly concurrency?: number;
  /** Models used in place of others: retired → current. */
  readonly modelMap?: ReadonlyMap<string, string>;
  readonly defaultTurn?: (body: ResponsesRequest) => Turn;
  readonly rejectEncryptedContent?: boolean;
  /** Objects keep ids of shapes that are not the API's, so their answers are not held against it. */
  readonly oldIds?: boolean;
  /** Milliseconds that the endpoint takes until a file is found in a vector store; 0 unless told. */
  readonly indexing?: number;
  /** What the endpoint does not have, and how it says so: `vector_stores` → 404. */
  readonly lacks?: Readonly<Record<string, number>>;
  /** Whether it gives back no file that was uploaded for assistants, as OpenAI does; false unless told. */
  readonly withholds?: boolean;
}

/** The answer to a request that went past the SDK. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads into any JSON
  readonly body: any;
}

export interface Harness {
  readonly openai: OpenAI;
  readonly engine: Engine;
  /** The engine's own `fetch`, every answer held against the contract. */
  readonly fetch: Engine['fetch'];
  /** The same, and the endpoint's files beside it, as the program's own client has them. */
  readonly fetchWithFiles: Engine['fetch'];
  readonly upstream: Upstream;
  /** The same endpoint's files, vector stores and containers. */
  readonly storage: Storage;
  readonly clock: ManualClock;
  readonly ids: Ids;
  /** Lines of the log. */
  readonly logLines: string[];
  /** One raw request: a string is sent as it is, anything else as JSON. */
  readonly request: (
    method: string,
    path: string,
    body?: unknown,
    headers?: object,
  ) => Promise<Answer>;
  /** One pass of the worker, and whatever it started to its end. */
  readonly runToEnd: () => Promise<void>;
}

/** Wraps a handler so that every answer must be one of the contract's. */
export function checked(handler: Engine['fetch'], faults: string[]): Engine['fetch'] {
  return async (request) => {
    const asked = `${request.method} ${new URL(request.url).pathname}`;
    const answer = await handler(request);
    // The bytes of a file are whatever they are.
    if (answer.ok && answer.headers.has('content-disposition')) return answer;
    if (answer.headers.get('content-type')?.startsWith('text/event-stream') === true) {
      return checkFrames(answer, (fault) => faults.push(`${asked}: ${fault}`));
    }
    const text = await answer.clone().text();
    try {
      const fault = faultOf(answer.status, answer.headers, JSON.parse(text));
      if (fault !== null) faults.push(`${asked} ${answer.status}: ${fault}`);
    } catch (error) {
      faults.push(`${asked} ${answer.status}: ${String(error)} ${text}`);
    }
    return answer;
  };
}

async function openEngine(options: HarnessOptions, logLines: string[]) {
  const clock = options.clock ?? createClock();
  const ids = options.ids ?? createIds();
  const { key = apiKey, baseURL } = options;
  const { defaultTurn: otherwise, rejectEncryptedContent = false } = options;
  const upstream = createUpstream({
    apiKey: baseURL === undefined ? apiKey : null,
    rejectEncryptedContent,
    ...(otherwise && { defaultTurn: otherwise }),
  });
  const storage = createStorage({
    clock,
    apiKey: baseURL === undefined ? apiKey : null,
    ...(options.indexing !== undefined && { indexing: options.indexing }),
    ...(options.lacks && { lacks: options.lacks }),
    withholds: options.withholds === true,
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
      database: await locateDatabase(options.database),
      runLifetime: options.runLifetime ?? 600,
      concurrency: options.concurrency ?? 16,
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
 * An engine on a database of its own with the official SDK in front of it and a model endpoint
 * behind it. Every answer is held against the contract's objects; it disposes of itself.
 */
export async function setup(options: HarnessOptions = {}): Promise<Harness> {
  const logLines: string[] = [];
  const faults: string[] = [];
  const { clock, ids, upstream, storage, engine, fetch } = await openEngine(options, logLines);
  const inspect = (handler: Engine['fetch']) =>
    options.oldIds === true ? handler : checked(handler, faults);
  const handler = inspect((request) => engine.fetch(request));
  const checkedOwn = inspect(fetch);
  /** What the model endpoint answers about its files is not the engine's contract. */
  const fetchWithFiles = async (request: Request) => {
    const isUpstream =
      /^\/v1\/files(?:\/|$)/u.test(new URL(request.url).pathname) &&
      !(await engine.ownsFile(request));
    return isUpstream ? fetch(request) : checkedOwn(request);
  };
  const openai = new OpenAI({
    apiKey: 'sk-caller',
    baseURL: 'http://embedded/v1',
    fetch: inProcessFetch(fetchWithFiles),
    maxRetries: 0,
  });
  onTestFinished(async () => {
    await engine.stop(0);
    const { refusals } = options.endpoint ?? upstream;
    expect({ faults, refusals }).toEqual({ faults: [], refusals: [] });
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
      const answer = await handler(request);
      return { status: answer.status, headers: answer.headers, body: await answer.json() };
    },
    async runToEnd() {
      await engine.tick();
      await engine.idle();
    },
  };
}
