import type { Samples } from './load.ts';

const maxLatencyRatio = 3;
/** Growth of resident memory from the second quarter of the windows to the last one. */
const maxGrowthRatio = 1.15;
const maxGrowthBytes = 32 * 2 ** 20;

export interface SoakReport {
  /** The calls in windows without and with hostile inputs, by client. */
  readonly calm: ReadonlyMap<string, Samples>;
  readonly hostile: ReadonlyMap<string, Samples>;
  readonly lost: string[];
  readonly doubled: string[];
  /** Resident bytes at the end of each window. */
  readonly memory: readonly { readonly name: string; readonly samples: number[] }[];
}

/** The smallest value that at least `share` of the values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Median memory of the second quarter and of the last quarter. */
function growth(samples: readonly number[]) {
  const quarter = Math.floor(samples.length / 4);
  const before = percentile(samples.slice(quarter, 2 * quarter), 0.5);
  const after = percentile(samples.slice(-quarter), 0.5);
  return { before, after, isPlateau: after <= before * maxGrowthRatio + maxGrowthBytes };
}

interface Comparison {
  readonly name: string;
  readonly calm: readonly number[];
  readonly hostile: readonly number[];
  readonly hostileCalls: number;
  readonly ratio: number;
}

function compare({ calm, hostile }: SoakReport): Comparison[] {
  return [...calm].map(([name, samples]) => {
    const other = hostile.get(name) ?? { latenciesMs: [], hostileCalls: 0 };
    const ratio = percentile(other.latenciesMs, 0.99) / percentile(samples.latenciesMs, 0.99);
    const { latenciesMs, hostileCalls } = other;
    return { name, calm: samples.latenciesMs, hostile: latenciesMs, hostileCalls, ratio };
  });
}

/** One sentence for each limit that is missed. */
export function findMisses(report: SoakReport): string[] {
  const slow = compare(report).filter(({ ratio }) => !(ratio <= maxLatencyRatio));
  const growing = report.memory.filter(({ samples }) => !growth(samples).isPlateau);
  return [
    ...slow.map(({ name }) => `MISSED: ${name}: p99 with hostile inputs is too high.`),
    ...growing.map(({ name }) => `MISSED: ${name}: memory grows.`),
    ...report.lost.slice(0, 20).map((loss) => `MISSED: lost: ${loss}`),
    ...report.doubled.slice(0, 20).map((run) => `MISSED: doubled: ${run}`),
  ];
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);

function latencyRow({ name, calm, hostile, hostileCalls, ratio }: Comparison): string {
  const cells = [
    String(calm.length).padStart(8),
    percentile(calm, 0.5).toFixed(0).padStart(11),
    percentile(calm, 0.99).toFixed(0).padStart(8),
    String(hostile.length).padStart(22),
    String(hostileCalls).padStart(9),
    percentile(hostile, 0.5).toFixed(0).padStart(8),
    percentile(hostile, 0.99).toFixed(0).padStart(6),
    ratio.toFixed(2).padStart(7),
  ];
  return `${name.padEnd(6)}${cells.join('')} (at most ${maxLatencyRatio})`;
}

/** The lines of the table. */
export const describeReport = (report: SoakReport): string[] => [
  'client   calls  median ms  p99 ms   with hostile: calls  hostile  median  p99   ratio',
  ...compare(report).map(latencyRow),
  ...report.memory.map(({ name, samples }) => {
    const { before, after } = growth(samples);
    const peak = Math.max(...samples);
    return `memory of ${name}, MiB: ${mebibytes(before)} in the second quarter, ${mebibytes(after)} in the last, ${mebibytes(peak)} at most`;
  }),
  `${report.lost.length} calls lost, ${report.doubled.length} runs doubled`,
];
