import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ModelCallReport, ActiveRuns, Observer } from '../engine/index.ts';

/** Hears of every request to the listener. */
export interface HttpMetrics {
  /** A request of this class was answered with this status. */
  requestFinished(route: string, status: number): void;
  /** An answer streams events; what it returns is called when that is over. */
  streamOpened(): () => void;
}

/** Everything that is counted in one process. */
export interface Metrics {
  readonly observer: Observer;
  readonly httpMetrics: HttpMetrics;
  readonly contentType: string;
  /** All of it as text; `live` is null while the database does not say. */
  render(live: ActiveRuns | null): Promise<string>;
}

/** Whoever calls may name any model: these many are told apart. */
const maxModelLabels = 100;
const otherModels = 'other';

const buckets = {
  /** Runs are kept in whole seconds. */
  wait: [0, 1, 2, 5, 10, 30, 60, 120, 300, 600],
  call: [0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300],
};

const endStatuses = ['completed', 'incomplete', 'failed', 'cancelled', 'expired'] as const;

/** The first so many different names as they are, and one name for all others. */
function bounded(most: number, other: string): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.size < most) known.add(name);
    return known.has(name) ? name : other;
  };
}

/** Counts what the engine does. */
function createObserver(registers: Registry[]): Observer {
  const nameOf = bounded(maxModelLabels, otherModels);
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[]) =>
    new Counter({ name: `assistants_mcp_${name}`, help, labelNames, registers });
  const histogram = <T extends string>(
    name: string,
    help: string,
    labelNames: readonly T[],
    limits: number[],
  ) =>
    new Histogram({ name: `assistants_mcp_${name}`, help, labelNames, registers, buckets: limits });
  const ended = counter('runs_ended_total', 'Runs that came to their end here', ['status']);
  for (const status of endStatuses) ended.inc({ status }, 0);
  const takeovers = counter('lease_takeovers_total', 'Runs taken from a lapsed lease', []);
  const retries = counter('model_retries_total', 'Model calls made again after a failure', [
    'model',
  ]);
  const tokens = counter('model_tokens_total', 'Tokens by model; cached are also prompt', [
    'model',
    'kind',
  ]);
  const waits = histogram('run_queue_wait_seconds', 'From creation to work', [], buckets.wait);
  const calls = histogram(
    'model_call_seconds',
    'Model calls, each try by itself',
    ['model', 'outcome'],
    buckets.call,
  );
  const countTokens = (model: string, usage: NonNullable<ModelCallReport['usage']>) => {
    tokens.inc({ model, kind: 'prompt' }, usage.prompt_tokens);
    tokens.inc({ model, kind: 'cached' }, usage.prompt_token_details.cached_tokens);
    tokens.inc({ model, kind: 'completion' }, usage.completion_tokens);
    tokens.inc({ model, kind: 'reasoning' }, usage.completion_tokens_details.reasoning_tokens);
  };
  return {
    runStarted: (waited) => waits.observe(Math.max(0, waited)),
    runEnded: (status) => ended.inc({ status }),
    leaseTakenOver: () => takeovers.inc(),
    modelCalled(name, { outcome, seconds, usage }) {
      const model = nameOf(name);
      calls.observe({ model, outcome }, seconds);
      if (usage !== null) countTokens(model, usage);
    },
    modelRetried: (name) => retries.inc({ model: nameOf(name) }),
  };
}

function createHttpMetrics(registers: Registry[]): HttpMetrics {
  const requests = new Counter({
    name: 'assistants_mcp_http_requests_total',
    help: 'Requests by what was asked for and by status',
    labelNames: ['route', 'status'],
    registers,
  });
  const streams = new Gauge({
    name: 'assistants_mcp_open_streams',
    help: 'Answers that stream events at present',
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

/** Begins to count; the process's own figures, which cost a little all the time, once somebody asks. */
export function createMetrics(version: string): Metrics {
  const register = new Registry();
  const registers = [register];
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `assistants_mcp_${name}`, help, labelNames, registers });
  gauge('info', 'The program', ['version']).set({ version }, 1);
  const reachable = gauge('database_up', 'Whether the database answers');
  const runs = gauge('runs', 'Runs in the database that are not at their end', ['status']);
  let isAsked = false;
  return {
    observer: createObserver(registers),
    httpMetrics: createHttpMetrics(registers),
    contentType: register.contentType,
    render(live) {
      if (!isAsked) collectDefaultMetrics({ register });
      isAsked = true;
      reachable.set(live === null ? 0 : 1);
      runs.reset();
      for (const [status, count] of Object.entries(live ?? {})) runs.set({ status }, count);
      return register.metrics();
    },
  };
}
