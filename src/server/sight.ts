import type { Clock } from '../shared/clock.ts';
import type { Engine, Observer } from '../engine/index.ts';
import { createLastCallTracker, createProbe, healthResponse } from './monitoring.ts';
import { createMetrics, type HttpMetrics } from './metrics.ts';

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
