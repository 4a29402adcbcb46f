import type { Statistics } from '../data/overview.ts';

/** A stretch of time and its figures; without runs, all are zero or null. */
export interface ChartPoint {
  /** Unix seconds. */
  readonly start: number;
  readonly runs: number;
  readonly failures: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

/** Every interval of the period, also those without runs. */
export function chartPoints(statistics: Statistics): ChartPoint[] {
  const { created_after, created_before, interval } = statistics;
  const byStart = new Map(statistics.data.map((item) => [item.start, item]));
  const points: ChartPoint[] = [];
  for (let start = created_after; start < created_before; start += interval) {
    const item = byStart.get(start);
    const { failed = 0, expired = 0, incomplete = 0 } = item?.runs_by_status ?? {};
    points.push({
      start,
      runs: item?.runs ?? 0,
      failures: failed + expired + incomplete,
      p50: item?.p50_seconds ?? null,
      p95: item?.p95_seconds ?? null,
    });
  }
  return points;
}

/** Tokens by model in the whole period, most first. */
export function tokensByModel({ data }: Statistics): (readonly [model: string, tokens: number])[] {
  const totals = new Map<string, number>();
  for (const { tokens_by_model } of data) {
    for (const [model, tokens] of Object.entries(tokens_by_model)) {
      totals.set(model, (totals.get(model) ?? 0) + tokens);
    }
  }
  return [...totals].toSorted(([, one], [, other]) => other - one);
}

/** A round number that is not below `value`, for the end of an axis. */
export function roundUp(value: number): number {
  if (value <= 1) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * magnitude >= value) ?? 10) * magnitude;
}
