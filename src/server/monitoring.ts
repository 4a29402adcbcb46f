import { type Clock, seconds } from '../shared/clock.ts';
import type { CallReport, Engine, LiveRuns } from '../engine/index.ts';
import { outageOf } from '../engine/store/outage.ts';
import { within } from '../shared/timeout.ts';

/** Milliseconds that the database may take to answer. */
const patience = 2000;

const late = async (): Promise<Condition> => ({
  reason: `it does not answer within ${patience / 1000} seconds`,
});

/** What the database says of itself. */
export type Condition =
  | { readonly live: LiveRuns }
  /** Why it is of no use, as the rest of a sentence. */
  | { readonly reason: string };

/**
 * Asks the database how it is, and waits so long and no longer. However often it is asked, it has
 * one question to answer at a time.
 */
export function createProbe(engine: Pick<Engine, 'countLiveRuns'>, clock: Clock) {
  let asked: Promise<Condition> | undefined;
  const ask = async (): Promise<Condition> => {
    try {
      return { live: await engine.countLiveRuns() };
    } catch (error) {
      return { reason: outageOf(error) ?? 'it cannot be asked' };
    } finally {
      asked = undefined;
    }
  };
  return () => within({ clock, ms: patience }, (asked ??= ask()), late);
}

interface LastCall {
  /** Unix seconds. */
  readonly at: number;
  readonly succeeded: boolean;
}

/** Remembers how the last model call went that was not broken off. */
export function createMemory(clock: Clock) {
  let last: LastCall | null = null;
  return {
    note({ outcome }: CallReport) {
      if (outcome === 'interrupted') return;
      last = { at: seconds(clock), succeeded: outcome === 'succeeded' };
    },
    last: () => last,
  };
}

/**
 * What `/healthz` answers: 503 while the database is of no use. A model endpoint that fails makes
 * nobody unhealthy, since another process could do no better.
 */
export function tellHealth(condition: Condition, last: LastCall | null, version: string): Response {
  const reason = 'reason' in condition ? condition.reason : null;
  const body = {
    status: reason === null ? 'ok' : 'unavailable',
    version,
    database: { reachable: reason === null, reason },
    last_model_call: last,
  };
  const headers = { 'cache-control': 'no-store' };
  return Response.json(body, { status: reason === null ? 200 : 503, headers });
}
