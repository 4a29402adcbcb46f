import type { ActiveRuns, Engine, ModelCallReport, Observer } from '../engine/index.ts';
import { unavailableReason } from '../engine/store/errors.ts';
import { type Clock, unixSeconds } from '../shared/clock.ts';
import { withTimeout } from '../shared/timeout.ts';
import { createMetrics, type HttpMetrics } from './metrics.ts';

export const probeTimeoutMs = 2000;

/** The result of a database probe. */
export interface DatabaseHealth {
  /** Null if the database does not answer. */
  readonly activeRuns: ActiveRuns | null;
  /** Why it does not answer or cannot be written, a clause to follow a colon; null if it can. */
  readonly problem: string | null;
}

const timedOut: DatabaseHealth = {
  activeRuns: null,
  problem: `it does not answer within ${probeTimeoutMs / 1000} seconds`,
};

/** Returns a function that probes the database; concurrent calls share one query. */
export function createProbe(
  engine: Pick<Engine, 'countActiveRuns' | 'writeProblem'>,
  clock: Clock,
) {
  let pending: Promise<DatabaseHealth> | undefined;
  const query = async (): Promise<DatabaseHealth> => {
    try {
      const activeRuns = await engine.countActiveRuns();
      return { activeRuns, problem: await engine.writeProblem() };
    } catch (error) {
      return { activeRuns: null, problem: unavailableReason(error) ?? 'the query failed' };
    } finally {
      pending = undefined;
    }
  };
  return () =>
    withTimeout(
      { clock, ms: probeTimeoutMs },
      () => (pending ??= query()),
      async () => timedOut,
    );
}

interface LastCall {
  /** Unix seconds. */
  readonly at: number;
  readonly succeeded: boolean;
}

/** Remembers the outcome of the last model call that was not interrupted. */
export function createLastCallTracker(clock: Clock) {
  let last: LastCall | null = null;
  return {
    record({ outcome }: ModelCallReport) {
      if (outcome === 'interrupted') return;
      last = { at: unixSeconds(clock), succeeded: outcome === 'succeeded' };
    },
    last: () => last,
  };
}

interface HealthDetails {
  readonly version: string;
  /** How many milliseconds this machine's clock is ahead of the one that times the runs. */
  readonly clockSkewMs: number;
  readonly lastCall: LastCall | null;
  /** Who keeps files; null: not known yet. */
  readonly files: 'local' | 'endpoint' | null;
}

/**
 * The response of `/healthz`: 503 while the database cannot be read or written. A failed model call does not
 * make the server unhealthy, because replacing the process would not help.
 */
export function healthResponse(
  { activeRuns, problem: reason }: DatabaseHealth,
  details: HealthDetails,
): Response {
  const body = {
    status: reason === null ? 'ok' : 'unavailable',
    version: details.version,
    database: { reachable: activeRuns !== null, reason },
    clock: { skew_ms: details.clockSkewMs },
    files: details.files,
    last_model_call: details.lastCall,
  };
  const headers = { 'cache-control': 'no-store' };
  return Response.json(body, { status: reason === null ? 200 : 503, headers });
}

/** Health and metrics of one server. */
export interface Monitoring {
  readonly observer: Observer;
  readonly httpMetrics: HttpMetrics;
  /** The handlers of `/healthz` and `/metrics`. */
  endpointsFor(engine: Engine): {
    readonly health: () => Promise<Response>;
    readonly metrics: () => Promise<Response>;
  };
}

export function createMonitoring(clock: Clock, version: string): Monitoring {
  const metrics = createMetrics(version);
  const lastCallTracker = createLastCallTracker(clock);
  return {
    observer: {
      ...metrics.observer,
      modelCalled(model, report) {
        lastCallTracker.record(report);
        metrics.observer.modelCalled(model, report);
      },
    },
    httpMetrics: metrics.httpMetrics,
    endpointsFor(engine) {
      const probe = createProbe(engine, clock);
      return {
        health: async () =>
          healthResponse(await probe(), {
            version,
            clockSkewMs: engine.clockSkewMs(),
            lastCall: lastCallTracker.last(),
            files: engine.fileKeeper(),
          }),
        async metrics() {
          const { activeRuns } = await probe();
          const headers = { 'cache-control': 'no-store', 'content-type': metrics.contentType };
          return new Response(await metrics.render(activeRuns), { headers });
        },
      };
    },
  };
}
