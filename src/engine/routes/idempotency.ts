import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { type Clock, unixSeconds } from '../../shared/clock.ts';
import { withoutTrailingSlashes } from '../../shared/urls.ts';
import { ApiError } from '../../shared/errors.ts';
import { errors } from '../http/errors.ts';
import {
  type FirstAnswer,
  findKey,
  type RequestKey,
  saveFirstAnswer,
  takeKey,
} from '../store/idempotency-keys.ts';
import type { Database, IdempotencyKeyRow } from '../store/schema.ts';

export type { FirstAnswer, RequestKey } from '../store/idempotency-keys.ts';

/*
 * A client that does not know whether its request arrived sends it again with the same
 * Idempotency-Key. The key is stored in the transaction that makes the change, so there are both or
 * neither. Requests that fail leave no key.
 */
const maxKeyLength = 255;

interface Deps {
  readonly db: Database;
  readonly clock: Clock;
}

/** A request that was answered before: thrown to roll back, and to answer with the first result. */
class RepeatedRequest extends Error {
  override readonly name = 'RepeatedRequest';
  readonly answer: FirstAnswer;

  constructor(answer: FirstAnswer) {
    super('the request was answered before');
    this.answer = answer;
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The key of a request, which holds for its path; null if it has none. */
async function readKey(
  { req }: Context,
  { clock }: Pick<Deps, 'clock'>,
): Promise<RequestKey | null> {
  const key = req.header('idempotency-key');
  if (key === undefined) return null;
  if (key.trim() === '' || key.length > maxKeyLength) {
    throw errors.invalidIdempotencyKey(maxKeyLength);
  }
  return {
    id: hash(`${withoutTrailingSlashes(req.path)}\n${key}`),
    body_hash: hash(await req.text()),
    created_at: unixSeconds(clock),
  };
}

/** What a repeated request is answered with. */
interface NewAnswer {
  readonly object: object;
  /** The answer is deleted with this thread; null for one that outlives it. */
  readonly thread_id: string | null;
  /** The number of the run's events before the request; 0 by default. */
  readonly skipped_events?: number;
}

/** The error for a request whose key was used before. */
const repeatError = (key: RequestKey, first: IdempotencyKeyRow): Error =>
  first.body_hash === key.body_hash ? new RepeatedRequest(first) : errors.idempotencyKeyReused();

/**
 * Makes a change at most once for each key, in the caller's transaction. `toAnswer` is what a
 * repeated request is answered with.
 */
export async function changeOnce<Result>(
  db: Database,
  key: RequestKey | null,
  change: () => Promise<Result>,
  toAnswer: (result: Result) => NewAnswer,
): Promise<Result> {
  if (key === null) return change();
  if (!(await takeKey(db, key))) {
    const first = await findKey(db, key);
    // It expired, or its thread was deleted, between the two queries.
    throw first === undefined ? errors.internal() : repeatError(key, first);
  }
  const result = await change();
  const { object, skipped_events = 0, thread_id } = toAnswer(result);
  const answer = { object: JSON.stringify(object), skipped_events, thread_id };
  await saveFirstAnswer(db, key.id, answer);
  return result;
}

type Repeat = (context: Context, answer: FirstAnswer) => Promise<Response>;

const repeatObject: Repeat = async (_context, { object }) =>
  new Response(object, { headers: { 'content-type': 'application/json' } });

/**
 * Wraps the handler of a request that creates something. If its key was answered before, `repeat`
 * answers instead, before anything else is checked.
 */
export const answerOnce =
  (
    options: Deps,
    handle: (context: Context, key: RequestKey | null) => Promise<Response>,
    repeat: Repeat = repeatObject,
  ) =>
  async (context: Context): Promise<Response> => {
    const key = await readKey(context, options);
    if (key === null) return handle(context, key);
    const throwIfAnswered = async () => {
      const first = await findKey(options.db, key);
      if (first !== undefined) throw repeatError(key, first);
    };
    try {
      await throwIfAnswered();
      // What the first request did can make this one fail: it may have come in between.
      return await handle(context, key).catch(async (error: unknown) => {
        if (error instanceof ApiError) await throwIfAnswered();
        throw error;
      });
    } catch (error) {
      if (!(error instanceof RepeatedRequest)) throw error;
      const response = await repeat(context, error.answer);
      response.headers.set('idempotent-replayed', 'true');
      return response;
    }
  };
