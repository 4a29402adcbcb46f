import { type Clock, unixSeconds } from '../shared/clock.ts';
import type { ModelCallReport, Engine, ActiveRuns, Observer } from '../engine/index.ts';
import { unavailableReason } from '../engine/store/errors.ts';
import { withTimeout } from '../shared/timeout.ts';
import { type HttpMetrics, createMetrics } from './metrics.ts';

/** Milliseconds that the database may take to answer. */
const probeTimeoutMs = 2000;

const timedOut = async (): Promise<DatabaseHealth> => ({
  reason: `it does not answer within ${probeTimeoutMs / 1000} seconds`,
});

/** What the database says of itself. */
export type DatabaseHealth =
  | { readonly live: ActiveRuns }
  /** Why it is of no use, as the rest of a sentence. */
  | { readonly reason: string };

/**
 * Asks the database how it is, and waits so long and no longer. However often it is asked, it has
 * one question to answer at a time.
 */
export function createProbe(engine: Pick<Engine, 'countActiveRuns'>, clock: Clock) {
  let asked: Promise<DatabaseHealth> | undefined;
  const ask = async (): Promise<DatabaseHealth> => {
    try {
      return { live: await engine.countActiveRuns() };
    } catch (error) {
      return { reason: unavailableReason(error) ?? 'it cannot be asked' };
    } finally {
      asked = undefined;
    }
  };
  return () => withTimeout({ clock, ms: probeTimeoutMs }, () => (asked ??= ask()), timedOut);
}

interface LastCall {
  /** Unix seconds. */
  readonly at: number;
  readonly succeeded: boolean;
}

/** Remembers how the last model call went that was not broken off. */
export function createLastCallTracker(clock: Clock) {
  let last: LastCall | null = null;
  return {
    note({ outcome }: ModelCallReport) {
      if (outcome === 'interrupted') return;
      last = { at: unixSeconds(clock), succeeded: outcome === 'succeeded' };
    },
    last: () => last,
  };
}

/**
 * What `/healthz` answers: 503 while the database is of no use. A model endpoint that fails makes
 * nobody unhealthy, since another process could do no better.
 */
export function healthResponse(
  condition: DatabaseHealth,
  last: LastCall | null,
  version: string,
): Response {
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

/** How those who run the server see what it does. */
export interface Monitoring {
  readonly observer: Observer;
  readonly httpMetrics: HttpMetrics;
  /** The answers of `/healthz` and `/metrics`, about this engine. */
  endpointsFor(engine: Engine): {
    readonly health: () => Promise<Response>;
    readonly metrics: () => Promise<Response>;
  };
}

export function createMonitoring(clock: Clock, version: string): Monitoring {
  const metrics = createMetrics(version);
  const memory = createLastCallTracker(clock);
  return {
    observer: {
      ...metrics.observer,
      modelCalled(model, report) {
        memory.note(report);
        metrics.observer.modelCalled(model, report);
      },
    },
    httpMetrics: metrics.httpMetrics,
    endpointsFor(engine) {
      const probe = createProbe(engine, clock);
      return {
        health: async () => healthResponse(await probe(), memory.last(), version),
        async metrics() {
          const condition = await probe();
          const text = await metrics.render('live' in condition ? condition.live : null);
          const headers = { 'cache-control': 'no-store', 'content-type': metrics.contentType };
          return new Response(text, { headers });
        },
      };
    },
  };
}
