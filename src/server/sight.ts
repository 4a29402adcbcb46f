import type { Clock } from '../shared/clock.ts';
import type { Engine, Observer } from '../engine/index.ts';
import { createMemory, createProbe, tellHealth } from './monitoring.ts';
import { createMetrics, type Traffic } from './metrics.ts';

/** How those who run the server see what it does. */
export interface Sight {
  readonly observer: Observer;
  readonly traffic: Traffic;
  /** The answers of `/healthz` and `/metrics`, about this engine. */
  look(engine: Engine): {
    readonly health: () => Promise<Response>;
    readonly metrics: () => Promise<Response>;
  };
}

export function createSight(clock: Clock, version: string): Sight {
  const metrics = createMetrics(version);
  const memory = createMemory(clock);
  return {
    observer: {
      ...metrics.observer,
      modelCalled(model, report) {
        memory.note(report);
        metrics.observer.modelCalled(model, report);
      },
    },
    traffic: metrics.traffic,
    look(engine) {
      const probe = createProbe(engine, clock);
      return {
        health: async () => tellHealth(await probe(), memory.last(), version),
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
