import type { Clock } from '../../src/shared/clock.ts';
import { runImportFrom } from '../../src/cli/import-from.ts';
import { start } from './clock.ts';
import { errorResponse } from './fake-assistants-server.ts';
import { listen } from './loopback-server.ts';
import { createStore, openTerminal, outcomeOf, objectsIn } from './transfer.ts';

type Item = Readonly<Record<string, unknown>>;

interface HostFile {
  readonly info: Item;
  /** A text, or the answer to the request for it. */
  readonly content?: string | (() => Response);
}

/** What a server has. */
export interface HostData {
  readonly assistants?: readonly unknown[];
  readonly threads?: readonly unknown[];
  /** By thread. */
  readonly messages?: Readonly<Record<string, readonly unknown[]>>;
  /** By thread. */
  readonly runs?: Readonly<Record<string, readonly unknown[]>>;
  /** By run. */
  readonly steps?: Readonly<Record<string, readonly unknown[]>>;
  readonly files?: Readonly<Record<string, HostFile>>;
}

/** What a server does differently from the API. */
export interface Habits {
  /** The answer to a list request; its elements are oldest first. */
  readonly list?: (items: readonly unknown[], query: URLSearchParams, path: string) => unknown;
  /** Answers a request before anything else; undefined: it does not. */
  readonly answer?: (request: Request, path: string) => Response | undefined;
}

const idOf = (item: unknown): unknown => Object(item).id;

/** A page as the API has it: newest first and 20 long, unless the query says otherwise. */
export function apiPage(items: readonly unknown[], query: URLSearchParams) {
  const ordered = query.get('order') === 'asc' ? items : items.toReversed();
  const after = query.get('after');
  const first = after === null ? 0 : ordered.findIndex((item) => idOf(item) === after) + 1;
  const limit = Number(query.get('limit') ?? 20);
  const data = ordered.slice(first, first + limit);
  return {
    object: 'list',
    data,
    first_id: idOf(data[0]) ?? null,
    last_id: idOf(data.at(-1)) ?? null,
    has_more: ordered.length > first + limit,
  };
}

const notFound = (what: string, id: string) =>
  errorResponse(404, `No ${what} found with id '${id}'.`);

function fileResponse(data: HostData, id: string, isContent: boolean): Response {
  const file = data.files?.[id];
  if (file === undefined) return errorResponse(404, `No such File object: ${id}`);
  if (!isContent) return Response.json(file.info);
  return typeof file.content === 'function' ? file.content() : new Response(file.content ?? '');
}

/** The list at a path; undefined: it is none. */
function listAt(data: HostData, path: string): readonly unknown[] | undefined {
  const [, first, thread = '', second, run = ''] = path.split('/');
  if (path === '/assistants') return data.assistants ?? [];
  if (path === '/threads') return data.threads ?? [];
  if (first !== 'threads') return undefined;
  if (second === 'messages') return data.messages?.[thread] ?? [];
  if (second === 'runs' && run === '') return data.runs?.[thread] ?? [];
  return second === 'runs' ? (data.steps?.[run] ?? []) : undefined;
}

export interface Host {
  readonly url: string;
  /** Path and query of every request. */
  readonly requests: string[];
  readonly headers: Headers[];
}

/** Starts a server with the Assistants API at `/v1` on a loopback port. */
export async function startHost(data: HostData, habits: Habits = {}): Promise<Host> {
  const { list = apiPage, answer } = habits;
  const requests: string[] = [];
  const headers: Headers[] = [];
  const url = await listen((request) => {
    const { pathname, searchParams, search } = new URL(request.url);
    const path = decodeURIComponent(pathname.replace(/^\/v1/u, ''));
    requests.push(`${path}${search}`);
    headers.push(request.headers);
    const answered = answer?.(request, path);
    if (answered !== undefined) return answered;
    const [, first, id = '', second] = path.split('/');
    if (first === 'files') return fileResponse(data, id, second === 'content');
    const items = listAt(data, path);
    if (items !== undefined) {
      const body = list(items, searchParams, path);
      return body instanceof Response ? body : Response.json(body);
    }
    const thread = (data.threads ?? []).find((item) => idOf(item) === id);
    return thread === undefined ? notFound('thread', id) : Response.json(thread);
  });
  return { url: `${url}/v1`, requests, headers };
}

/** A clock that advances by sleeping and never waits. */
export function createInstantClock(): Clock & { readonly sleeps: number[] } {
  let now = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    sleep: (ms) => {
      sleeps.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

export interface PullInput {
  readonly threads?: readonly string[];
  readonly apiKey?: string | null;
  readonly apiVersion?: string | null;
  readonly modelBaseUrl?: string | null;
  readonly database?: string;
  readonly clock?: Clock;
  readonly dryRun?: boolean;
  readonly isTTY?: boolean;
  readonly interrupted?: Promise<void>;
}

/** Runs `import --from` on a temporary database. */
export async function pullFrom(from: string, input: PullInput = {}) {
  const store = createStore(input.database);
  const terminal = openTerminal(input);
  const params = {
    from,
    database: store.database,
    threads: null,
    dryRun: false,
    apiKey: 'sk-source-0123456789',
    apiVersion: null,
    modelBaseUrl: null,
    modelApi: 'auto' as const,
    files: 'auto' as const,
    maxFile: 2 ** 29,
    runLifetime: 600,
    clock: createInstantClock(),
    ...input,
  };
  const outcome = await outcomeOf(terminal, runImportFrom(terminal, params));
  const lines = outcome.stderr.split('\n').filter((line) => line !== '');
  const exported = async () => objectsIn((await store.exportAll()).stdout);
  return { ...outcome, lines, store, exported };
}
