import type { RunOverview } from '../store/run-overview.ts';

/** Figures about the runs that were created in one interval. */
interface Interval {
  /** Unix seconds. */
  readonly start: number;
  readonly runs: number;
  readonly runs_by_status: Readonly<Record<string, number>>;
  readonly tokens_by_model: Readonly<Record<string, number>>;
  /** From creation to end, of the runs that ended without expiring; null if there are none. */
  readonly p50_seconds: number | null;
  readonly p95_seconds: number | null;
}

/** The answer of `GET /runs/statistics`: only intervals with runs, oldest first. */
export interface RunStatistics {
  readonly object: 'run.statistics';
  readonly created_after: number;
  readonly created_before: number;
  readonly interval: number;
  /** Whether all runs of the period were counted; else only the oldest of them. */
  readonly is_complete: boolean;
  readonly data: readonly Interval[];
}

interface Options {
  readonly created_after: number;
  readonly created_before: number;
  /** Seconds. */
  readonly interval: number;
}

interface Counts {
  runs: number;
  readonly statuses: Map<string, number>;
  readonly tokens: Map<string, number>;
  readonly seconds: number[];
}

const increase = (counts: Map<string, number>, key: string, by: number) =>
  counts.set(key, (counts.get(key) ?? 0) + by);

/** The nearest-rank percentile; null of nothing. */
function percentile(ascending: readonly number[], percent: number): number | null {
  return ascending[Math.ceil((percent / 100) * ascending.length) - 1] ?? null;
}

/** Unix seconds at which a run ended; null while it has not, and for an expired one. */
const endOf = ({ completed_at, failed_at, cancelled_at }: RunOverview): number | null =>
  completed_at ?? failed_at ?? cancelled_at;

function toInterval(start: number, { runs, statuses, tokens, seconds }: Counts): Interval {
  const ascending = seconds.toSorted((a, b) => a - b);
  return {
    start,
    runs,
    runs_by_status: Object.fromEntries(statuses),
    tokens_by_model: Object.fromEntries(tokens),
    p50_seconds: percentile(ascending, 50),
    p95_seconds: percentile(ascending, 95),
  };
}

/** Counts runs, added one by one, in intervals from `created_after` on. */
export function createRunStatistics({ created_after, created_before, interval }: Options) {
  const intervals = new Map<number, Counts>();
  const countsAt = (start: number): Counts => {
    const counts = intervals.get(start) ?? {
      runs: 0,
      statuses: new Map(),
      tokens: new Map(),
      seconds: [],
    };
    intervals.set(start, counts);
    return counts;
  };
  return {
    add(run: RunOverview): void {
      const offset = Math.floor((run.created_at - created_after) / interval);
      const counts = countsAt(created_after + offset * interval);
      counts.runs += 1;
      increase(counts.statuses, run.status, 1);
      const tokens = run.usage?.total_tokens ?? 0;
      if (tokens > 0) increase(counts.tokens, run.model, tokens);
      const end = endOf(run);
      if (end !== null) counts.seconds.push(Math.max(0, end - run.created_at));
    },
    finish(is_complete: boolean): RunStatistics {
      const data = [...intervals]
        .toSorted(([one], [other]) => one - other)
        .map(([start, counts]) => toInterval(start, counts));
      return {
        object: 'run.statistics',
        created_after,
        created_before,
        interval,
        is_complete,
        data,
      };
    },
  };
}
