import type { ComponentChildren } from 'preact';
import type { Statistics } from '../data/overview.ts';
import { formatDate, formatNumber, formatSeconds, formatShort } from '../format.ts';
import { chartPoints, type ChartPoint, roundUp, tokensByModel } from './chart-series.ts';

const width = 300;
const height = 90;

interface FigureProps {
  readonly title: string;
  readonly summary: string;
  readonly children: ComponentChildren;
}

const Figure = ({ title, summary, children }: FigureProps) => (
  <figure class="chart">
    <figcaption>
      <strong>{title}</strong> <span>{summary}</span>
    </figcaption>
    {children}
  </figure>
);

const Axis = ({ top, format }: { top: number; format: (value: number) => string }) => (
  <>
    <line class="axis" x1={0} x2={width} y1={height} y2={height} />
    <text class="axis-label" x={0} y={10}>
      {format(top)}
    </text>
  </>
);

function RunsChart({ points }: { points: readonly ChartPoint[] }) {
  const top = roundUp(Math.max(...points.map(({ runs }) => runs)));
  const step = width / points.length;
  const runs = points.reduce((sum, point) => sum + point.runs, 0);
  const failures = points.reduce((sum, point) => sum + point.failures, 0);
  const summary = `${formatNumber(runs)} runs, ${formatNumber(failures)} did not complete`;
  return (
    <Figure title="Runs" summary={summary}>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
        <Axis top={top} format={formatShort} />
        {points.map((point, index) => {
          const x = index * step;
          const barHeight = (point.runs / top) * (height - 14);
          const failed = (point.failures / top) * (height - 14);
          const bar = { x, width: Math.max(1, step - 1) };
          return (
            <g>
              <title>
                {formatDate(point.start)}: {point.runs} runs, {point.failures} did not complete
              </title>
              <rect class="chart-runs" {...bar} y={height - barHeight} height={barHeight} />
              <rect class="chart-failures" {...bar} y={height - failed} height={failed} />
            </g>
          );
        })}
      </svg>
    </Figure>
  );
}

function DurationChart({ points }: { points: readonly ChartPoint[] }) {
  const known = points.filter(({ p95 }) => p95 !== null);
  const top = roundUp(Math.max(1, ...known.map(({ p95 }) => p95 ?? 0)));
  const step = width / points.length;
  const y = (value: number) => height - (value / top) * (height - 14);
  const last = known.at(-1);
  const summary =
    last === undefined
      ? 'no run has ended'
      : `lately ${formatSeconds(last.p50 ?? 0)} (p50), ${formatSeconds(last.p95 ?? 0)} (p95)`;
  return (
    <Figure title="Duration" summary={summary}>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summary}>
        <Axis top={top} format={formatSeconds} />
        {points.map(({ start, p50, p95 }, index) => {
          if (p50 === null || p95 === null) return null;
          const x = (index + 0.5) * step;
          return (
            <g>
              <title>
                {formatDate(start)}: p50 {formatSeconds(p50)}, p95 {formatSeconds(p95)}
              </title>
              <line class="chart-range" x1={x} x2={x} y1={y(p50)} y2={y(p95)} />
              <circle class="chart-p50" cx={x} cy={y(p50)} r={2.5} />
              <path class="chart-p95" d={`M${x - 3} ${y(p95)}h6`} />
            </g>
          );
        })}
      </svg>
    </Figure>
  );
}

const maxModels = 5;

function TokensChart({ statistics }: { statistics: Statistics }) {
  const models = tokensByModel(statistics);
  const total = models.reduce((sum, [, tokens]) => sum + tokens, 0);
  const most = models[0]?.[1] ?? 1;
  return (
    <Figure title="Tokens by model" summary={formatNumber(total)}>
      <ul class="chart-bars">
        {models.slice(0, maxModels).map(([model, tokens]) => (
          <li>
            <span class="break">{model}</span>
            <span class="bar-track" aria-hidden="true">
              <span
                class="bar bar-model"
                style={{ left: '0', width: `${(tokens / most) * 100}%` }}
              />
            </span>
            <span>{formatShort(tokens)}</span>
          </li>
        ))}
        {models.length > maxModels && (
          <li class="hint">and {models.length - maxModels} more models</li>
        )}
      </ul>
    </Figure>
  );
}

/** Runs and failures, durations, and tokens by model over time. */
export function Charts({ statistics }: { statistics: Statistics }) {
  const points = chartPoints(statistics);
  return (
    <>
      <div class="charts">
        <RunsChart points={points} />
        <DurationChart points={points} />
        <TokensChart statistics={statistics} />
      </div>
      {!statistics.is_complete && (
        <p class="notice">There are too many runs to count: newer ones are left out.</p>
      )}
    </>
  );
}
