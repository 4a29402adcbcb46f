import { APIError } from 'openai';
import type { Clock } from '../../shared/clock.ts';
import { errorMessage } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { redactedExcerpt } from '../../shared/redact.ts';
import { firstCharacters } from '../../shared/text.ts';
import { withTimeout } from '../../shared/timeout.ts';
import { readEmbeddings } from './embedding-reply.ts';
import { createEndpointClient, type EndpointOptions, secretsOf } from './endpoint.ts';

/** A text's vector of length 1; null where the model has none for it. */
export type Vector = Float32Array | null;

/** The endpoint's embedding model. */
export interface Embeddings {
  /** Names the model: vectors of different keys are never compared. */
  readonly key: string;
  /** The vectors of queries; null, and a log entry, if the endpoint does not send them soon. */
  embedQueries(texts: readonly string[], signal?: AbortSignal): Promise<readonly Vector[] | null>;
  /** The vectors of passages; throws {@link EmbeddingsError}. */
  embedPassages(texts: readonly string[], signal: AbortSignal): Promise<readonly Vector[]>;
}

/** The endpoint did not send vectors. The message has no secrets. */
export class EmbeddingsError extends Error {
  override readonly name = 'EmbeddingsError';
}

export interface EmbeddingsOptions extends EndpointOptions {
  readonly model: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
}

/** Asked for, so that vectors are small and quick to compare. */
const askedDimensions = 256;

/** Texts in one call. */
const maxBatchSize = 64;

/** Somebody waits for the search. */
const queryTimeoutMs = 5000;

const passageTimeoutMs = 120_000;

/** In UTF-16 units. A text of this length fits every model. */
const shortestText = 400;

/** Statuses of a call that may succeed with less or shorter input. */
const refusalStatuses: ReadonlySet<unknown> = new Set([400, 413, 422]);

/** How servers that answer 500 say that the input is too long. */
const tooLong = /too (?:large|long)|exceed|maximum|context|tokens|batch/iu;

const isRefusal = (error: unknown): boolean =>
  error instanceof APIError &&
  (refusalStatuses.has(error.status) || (error.status === 500 && tooLong.test(error.message)));

/** What was learnt about the server in this process. */
interface Limits {
  asksDimensions: boolean;
  batchSize: number;
  textLength: number;
}

type Call = (texts: readonly string[], dimensions: number | null) => Promise<readonly Vector[]>;

/** Calls without `dimensions` if the server refuses it. */
async function callWithDimensions(
  call: Call,
  limits: Limits,
  texts: readonly string[],
): Promise<readonly Vector[]> {
  if (!limits.asksDimensions) return call(texts, null);
  try {
    return await call(texts, askedDimensions);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const vectors = await call(texts, null);
    limits.asksDimensions = false;
    return vectors;
  }
}

/** Embeds texts in as many calls as the server's limits take, which are found out. */
async function embedWithin(
  call: Call,
  limits: Limits,
  texts: readonly string[],
): Promise<readonly Vector[]> {
  if (texts.length > limits.batchSize) {
    const { batchSize } = limits;
    const first = await embedWithin(call, limits, texts.slice(0, batchSize));
    return [...first, ...(await embedWithin(call, limits, texts.slice(batchSize)))];
  }
  try {
    const shortened = texts.map((text) => firstCharacters(text, limits.textLength));
    return await callWithDimensions(call, limits, shortened);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const longest = Math.min(limits.textLength, Math.max(...texts.map((text) => text.length)));
    if (texts.length > 1) {
      const half = Math.ceil(texts.length / 2);
      const first = await embedWithin(call, limits, texts.slice(0, half));
      limits.batchSize = Math.min(limits.batchSize, half);
      return [...first, ...(await embedWithin(call, limits, texts.slice(half)))];
    }
    if (longest <= shortestText) throw error;
    const shorter = { ...limits, textLength: Math.max(shortestText, Math.floor(longest / 2)) };
    const vectors = await embedWithin(call, shorter, texts);
    Object.assign(limits, shorter);
    return vectors;
  }
}

const isEmpty = (text: string): boolean => text.trim() === '';

/** Leaves out texts without a word, which servers refuse. */
async function embedNonEmpty(
  texts: readonly string[],
  embed: (texts: readonly string[]) => Promise<readonly Vector[]>,
): Promise<readonly Vector[]> {
  const nonEmpty = texts.filter((text) => !isEmpty(text));
  if (nonEmpty.length === 0) return texts.map(() => null);
  const vectors = (await embed(nonEmpty)).values();
  return texts.map((text) => (isEmpty(text) ? null : (vectors.next().value ?? null)));
}

/** Creates the client of the endpoint's embedding model. */
export function createEmbeddings(options: EmbeddingsOptions): Embeddings {
  const { model, clock, log } = options;
  const client = createEndpointClient(options, passageTimeoutMs);
  const limits: Limits = { asksDimensions: true, batchSize: maxBatchSize, textLength: 2 ** 15 };
  let hasFailed = false;

  const embed = async (texts: readonly string[], signal: AbortSignal) => {
    const call: Call = async (input, dimensions) => {
      // The SDK asks for base64 by default, and reads plain numbers as base64 if a server sends them.
      const reply: unknown = await client.embeddings.create(
        {
          model,
          input: [...input],
          encoding_format: 'float',
          ...(dimensions !== null && { dimensions }),
        },
        { signal },
      );
      return readEmbeddings(reply, input.length);
    };
    try {
      const vectors = await embedNonEmpty(texts, (some) => embedWithin(call, limits, some));
      hasFailed = false;
      return vectors;
    } catch (error) {
      signal.throwIfAborted();
      const reason = redactedExcerpt(errorMessage(error), 500, secretsOf(options));
      if (!hasFailed) {
        log.warn('embeddings failed, files are searched by their words', { model, error: reason });
      }
      hasFailed = true;
      throw new EmbeddingsError(reason);
    }
  };

  return {
    key: model,
    embedPassages: embed,
    embedQueries: async (texts, signal) => {
      const timeout = { clock, ms: queryTimeoutMs, ...(signal !== undefined && { signal }) };
      return withTimeout<readonly Vector[] | null>(
        timeout,
        (inner) =>
          embed(texts, inner).catch((error: unknown) => {
            if (inner.aborted || error instanceof EmbeddingsError) return null;
            throw error;
          }),
        () => {
          log.warn('embedding a query timed out', { model, timeout_ms: queryTimeoutMs });
          return Promise.resolve(null);
        },
      );
    },
  };
}
