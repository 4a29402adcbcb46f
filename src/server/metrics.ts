import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ActiveRuns, ModelCallReport, Observer } from '../engine/index.ts';

/** Counts the requests to the HTTP server. */
export interface HttpMetrics {
  requestFinished(route: string, status: number): void;
  /** Counts an event stream as open until the returned function is called. */
  streamOpened(): () => void;
}

/** The metrics of one process. */
export interface Metrics {
  readonly observer: Observer;
  readonly httpMetrics: HttpMetrics;
  readonly contentType: string;
  /** All metrics in the Prometheus text format; `activeRuns` is null while the database is unavailable. */
  render(activeRuns: ActiveRuns | null): Promise<string>;
}

/** Clients may send any model name, so limit the number of label values. */
const maxModelLabels = 100;
const otherModels = 'other';

/** Whole seconds, like the timestamps of runs. */
const queueWaitBucketSeconds = [0, 1, 2, 5, 10, 30, 60, 120, 300, 600];
const modelCallBucketSeconds = [0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300];

const endStatuses = ['completed', 'incomplete', 'failed', 'cancelled', 'expired'] as const;

/** Returns the first `maxModelLabels` different names unchanged, and `otherModels` for the rest. */
function createModelLabels(): (model: string) => string {
  const known = new Set<string>();
  return (model) => {
    if (known.size < maxModelLabels) known.add(model);
    return known.has(model) ? model : otherModels;
  };
}

/** Counts the events of the engine. */
function createObserver(registers: Registry[]): Observer {
  const labelFor = createModelLabels();
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name: `assistants_mcp_${name}`, help, labelNames, registers });
  const histogram = <T extends string>(
    name: string,
    help: string,
    labelNames: readonly T[],
    buckets: number[],
  ) => new Histogram({ name: `assistants_mcp_${name}`, help, labelNames, registers, buckets });
  const endedRuns = counter('runs_ended_total', 'Runs that ended in this process', ['status']);
  for (const status of endStatuses) endedRuns.inc({ status }, 0);
  const takeovers = counter(
    'lease_takeovers_total',
    'Runs taken over after their lease expired',
    [],
  );
  const retries = counter('model_retries_total', 'Model calls retried after a failure', ['model']);
  const tokens = counter(
    'model_tokens_total',
    'Tokens by model; cached tokens are also counted as prompt',
    ['model', 'kind'],
  );
  const queueWaits = histogram(
    'run_queue_wait_seconds',
    'Time from creation to start of a run',
    [],
    queueWaitBucketSeconds,
  );
  const calls = histogram(
    'model_call_seconds',
    'Duration of model calls; each retry counts as a call',
    ['model', 'outcome'],
    modelCallBucketSeconds,
  );
  const countTokens = (model: string, usage: NonNullable<ModelCallReport['usage']>) => {
    tokens.inc({ model, kind: 'prompt' }, usage.prompt_tokens);
    tokens.inc({ model, kind: 'cached' }, usage.prompt_token_details.cached_tokens);
    tokens.inc({ model, kind: 'completion' }, usage.completion_tokens);
    tokens.inc({ model, kind: 'reasoning' }, usage.completion_tokens_details.reasoning_tokens);
  };
  return {
    runStarted: (queuedSeconds) => queueWaits.observe(Math.max(0, queuedSeconds)),
    runEnded: (status) => endedRuns.inc({ status }),
    leaseTakenOver: () => takeovers.inc(),
    modelCalled(name, { outcome, seconds, usage }) {
      const model = labelFor(name);
      calls.observe({ model, outcome }, seconds);
      if (usage !== null) countTokens(model, usage);
    },
    modelRetried: (name) => retries.inc({ model: labelFor(name) }),
  };
}

function createHttpMetrics(registers: Registry[]): HttpMetrics {
  const requests = new Counter({
    name: 'assistants_mcp_http_requests_total',
    help: 'HTTP requests by route and status',
    labelNames: ['route', 'status'],
    registers,
  });
  const streams = new Gauge({
    name: 'assistants_mcp_open_streams',
    help: 'Event streams that are open now',
    registers,
  });
  return {
    requestFinished: (route, status) => requests.inc({ route, status }),
    streamOpened() {
      let isOpen = true;
      streams.inc();
      return () => {
        if (isOpen) streams.dec();
        isOpen = false;
      };
    },
  };
}

/** Starts counting. Process metrics cost time all along, so they start with the first `render`. */
export function createMetrics(version: string): Metrics {
  const register = new Registry();
  const registers = [register];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `assistants_mcp_${name}`, help, labelNames, registers });
  gauge('info', 'Version of the program', ['version']).set({ version }, 1);
  const databaseUp = gauge('database_up', '1 while the database answers, else 0');
  const runs = gauge('runs', 'Runs in the database that have not ended', ['status']);
  let hasProcessMetrics = false;
  return {
    observer: createObserver(registers),
    httpMetrics: createHttpMetrics(registers),
    contentType: register.contentType,
    render(activeRuns) {
      if (!hasProcessMetrics) collectDefaultMetrics({ register });
      hasProcessMetrics = true;
      databaseUp.set(activeRuns === null ? 0 : 1);
      runs.reset();
      for (const [status, count] of Object.entries(activeRuns ?? {})) runs.set({ status }, count);
      return register.metrics();
    },
  };
}
