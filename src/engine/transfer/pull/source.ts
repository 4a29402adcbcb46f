import type OpenAI from 'openai';
import { BytePieces } from '../../../shared/byte-pieces.ts';
import { backoffMs, type Clock } from '../../../shared/clock.ts';
import { sentenceIn } from '../../../shared/error-sentence.ts';
import { fieldOf, parseJson } from '../../../shared/json.ts';
import { redactedExcerpt } from '../../../shared/redact.ts';
import { readFailure } from '../../../shared/sdk-failure.ts';
import { pauseAfterMs, retryAfterMs } from './rate-limits.ts';

/** The server did not give what was asked for; the message is a sentence. */
export class SourceError extends Error {
  override readonly name: string = 'SourceError';
  /** The HTTP status; null: there was no response. */
  readonly status: number | null;

  constructor(message: string, status: number | null = null) {
    super(message);
    this.status = status;
  }
}

/** The import cannot go on; the message is a sentence. */
export class PullStopped extends Error {
  override readonly name = 'PullStopped';
}

export interface SourceOptions {
  readonly openai: Pick<OpenAI, 'get'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Values that messages must not contain. */
  readonly secrets: readonly string[];
  /** Called before each pause of a second or more, with its reason. */
  readonly onWait: (waitMs: number, reason: string) => void;
}

export type Query = Readonly<Record<string, string | number>>;

export interface Download {
  readonly content: Uint8Array<ArrayBuffer>;
  /** Null if the server does not say. */
  readonly mediaType: string | null;
}

/** A server with the Assistants API. Its methods throw {@link SourceError} and {@link PullStopped}. */
export interface Source {
  /** The order in which the server sends lists, whatever it is asked for; undefined: not known yet. */
  order?: 'asc' | 'desc';
  /** The JSON of a path below the base URL. */
  get(path: string, query?: Query): Promise<unknown>;
  /** A file of at most `maxBytes` bytes; null if it has more. */
  download(path: string, maxBytes: number): Promise<Download | null>;
}

/** With these pauses, 7 requests outlast about a minute of outage. */
const maxAttempts = 7;
/** The address of a server that has never answered may be wrong. */
const maxFirstAttempts = 3;
/** A server that limits its callers keeps answering. */
const maxLimitedAttempts = 20;
const pauses = { firstMs: 1000, maxMs: 60_000 };
const maxWaitMs = 15 * 60_000;

/** For the headers of a response; a body may take longer. */
const timeoutMs = 120_000;

/** In characters. */
const maxSentenceLength = 300;

/** Codes of a 429 that waiting does not help. */
const lastingCodes: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'billing_not_active',
  'billing_hard_limit_reached',
]);

const isRetryable = (status: number | null): boolean =>
  status === null || [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501);

function describe(error: unknown, secrets: readonly string[]): string {
  const { status, message } = readFailure(error);
  const text = sentenceIn(fieldOf(error, 'error')) ?? sentenceIn(message) ?? message;
  const line = redactedExcerpt(text.replaceAll(/\s+/gu, ' ').trim(), maxSentenceLength, secrets);
  const sentence = line.replace(/[.]?$/u, '.');
  return status === null
    ? `The server cannot be reached: ${sentence}`
    : `HTTP ${status}: ${sentence}`;
}

const headersOf = (error: unknown): Headers => {
  const headers = fieldOf(error, 'headers');
  return headers instanceof Headers ? headers : new Headers();
};

const minutes = (ms: number): string => `${Math.ceil(ms / 60_000)} minutes`;

/** What a path asks for, without ids: `threads/runs/steps`. */
const resourceOf = (path: string): string =>
  path
    .split('/')
    .filter((_, index) => index % 2 === 1)
    .join('/');

interface Failures {
  /** Attempts at this request, with the last one. */
  readonly attempt: number;
  /** Whether the server has failed for the same kind of object until it was given up. */
  readonly isKnown: boolean;
  /** Whether the server has answered any request. */
  readonly hasAnswered: boolean;
}

/** How long to wait after a failed attempt. Throws if the request is not to be sent again. */
function waitAfterFailure(
  error: unknown,
  { attempt, isKnown, hasAnswered }: Failures,
  { clock, secrets }: SourceOptions,
) {
  const { status, code } = readFailure(error);
  const headers = headersOf(error);
  const sentence = describe(error, secrets);
  const isLimited = status === 429;
  if (isLimited && lastingCodes.has(code ?? '')) throw new PullStopped(sentence);
  const isRefused = !isRetryable(status) || headers.get('x-should-retry') === 'false';
  const maxOthers = hasAnswered || status !== null ? maxAttempts : maxFirstAttempts;
  const isLast = attempt >= (isLimited ? maxLimitedAttempts : maxOthers);
  if (isLast && (status === null || isLimited)) throw new PullStopped(sentence);
  if (isRefused || isLast || (isKnown && !isLimited)) throw new SourceError(sentence, status);
  const waitMs = retryAfterMs(headers, clock.now()) ?? backoffMs(attempt, pauses);
  if (waitMs > maxWaitMs) {
    throw new PullStopped(`${sentence} The server asks to wait for ${minutes(waitMs)}.`);
  }
  return { waitMs, sentence };
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  const value = parseJson(text);
  if (value !== undefined) return value;
  const isPage = /^\s*</u.test(text);
  throw new SourceError(
    `The server answered with ${isPage ? 'a web page' : 'something else'} instead of JSON.`,
    response.status,
  );
}

/** Reads at most `maxBytes` bytes; null if there are more. */
async function readFile(response: Response, maxBytes: number): Promise<Download | null> {
  const pieces = new BytePieces();
  for await (const piece of response.body ?? []) {
    pieces.add(piece);
    if (pieces.length > maxBytes) return null;
  }
  const type = response.headers.get('content-type');
  const mediaType = type === null || type.startsWith('application/octet-stream') ? null : type;
  return { content: new Uint8Array(Buffer.concat(pieces.take())), mediaType };
}

const requestOptions = {
  headers: { 'OpenAI-Beta': 'assistants=v2' },
  maxRetries: 0,
  timeout: timeoutMs,
};

/** Sends requests to a server, again after outages, and no faster than it allows. */
class LimitedSource implements Source {
  order?: 'asc' | 'desc';
  readonly #options: SourceOptions;
  /** Milliseconds since the epoch: until then no request is sent. */
  #pausedUntil = 0;
  /** The kinds of objects for which the server failed until a request was given up. */
  readonly #failing = new Set<string>();
  #hasAnswered = false;

  constructor(options: SourceOptions) {
    this.#options = options;
  }

  get(path: string, query: Query = {}): Promise<unknown> {
    return this.#request(path, query, readJson);
  }

  download(path: string, maxBytes: number): Promise<Download | null> {
    return this.#request(path, {}, (response) => readFile(response, maxBytes));
  }

  #pause(waitMs: number, reason: string): void {
    const { clock, onWait } = this.#options;
    this.#pausedUntil = Math.max(this.#pausedUntil, clock.now() + waitMs);
    if (waitMs >= 1000) onWait(waitMs, reason);
  }

  async #waitForTurn(): Promise<void> {
    const { clock, signal } = this.#options;
    while (clock.now() < this.#pausedUntil && !signal.aborted) {
      await clock.sleep(this.#pausedUntil - clock.now(), signal);
    }
    signal.throwIfAborted();
  }

  async #request<T>(path: string, query: Query, read: (response: Response) => Promise<T>) {
    const { signal } = this.#options;
    const resource = resourceOf(path);
    for (let attempt = 1; ; attempt += 1) {
      await this.#waitForTurn();
      try {
        const result = await read(await this.#send(path, query));
        this.#hasAnswered = true;
        this.#failing.delete(resource);
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof SourceError) throw error;
        const isKnown = this.#failing.has(resource);
        const failures = { attempt, isKnown, hasAnswered: this.#hasAnswered };
        if (attempt >= maxAttempts) this.#failing.add(resource);
        const { waitMs, sentence } = waitAfterFailure(error, failures, this.#options);
        this.#pause(waitMs, sentence);
      }
    }
  }

  async #send(path: string, query: Query): Promise<Response> {
    const { openai, clock, signal } = this.#options;
    const response = await openai.get(path, { ...requestOptions, query, signal }).asResponse();
    const pauseMs = Math.min(pauseAfterMs(response.headers, clock.now()), maxWaitMs);
    if (pauseMs > 0) this.#pause(pauseMs, 'The server allows no more requests for now.');
    return response;
  }
}

/** Creates the source of a server. */
export const createSource = (options: SourceOptions): Source => new LimitedSource(options);
