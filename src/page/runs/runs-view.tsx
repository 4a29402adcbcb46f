import type OpenAI from 'openai';
import { useEffect, useState } from 'preact/hooks';
import { CallSample } from '../components/call-sample.tsx';
import { Loading } from '../components/notice.tsx';
import { Status } from '../components/status.tsx';
import { callSamples } from '../data/call-samples.ts';
import { endOf, listRuns, readStatistics, type RunOverview } from '../data/overview.ts';
import { formatAge, formatDate, formatSeconds, formatShort, shortId } from '../format.ts';
import { goTo, hrefOf, type Place } from '../router.ts';
import { useLoaded, useNow, usePolling, useSession, useTitle } from '../session.ts';
import { Filters, filterOf } from '../threads/thread-list.tsx';
import { usePagedList } from '../threads/use-paged-list.ts';
import { Charts } from './charts.tsx';

/** The charts' period and the length of its intervals, in seconds. */
const chartPeriods: Readonly<Record<string, readonly [period: number, interval: number]>> = {
  hour: [3600, 120],
  day: [86_400, 3600],
  week: [604_800, 21_600],
  month: [2_592_000, 86_400],
};

/** The period up to now, which begins at a multiple of its interval. */
function chartPeriod(name: string, now: number) {
  const [period, interval] = chartPeriods[name] ?? chartPeriods['day'] ?? [86_400, 3600];
  const created_before = Math.ceil((now + 1) / interval) * interval;
  return { created_after: created_before - period, created_before, interval };
}

/** Columns that the loaded runs can be sorted by. */
const sortKeys: Readonly<Record<string, (run: RunOverview) => number>> = {
  created: (run) => run.created_at,
  wait: (run) => (run.started_at ?? run.created_at) - run.created_at,
  duration: (run) => (endOf(run) ?? run.created_at) - run.created_at,
  tokens: (run) => run.usage?.total_tokens ?? 0,
};

interface HeaderProps {
  readonly place: Place;
  readonly name: string;
  readonly label: string;
}

function SortHeader({ place, name, label }: HeaderProps) {
  const { query } = place;
  const isSorted = (query['sort'] ?? 'created') === name;
  const order = query['order'] === 'asc' ? 'asc' : 'desc';
  const next = isSorted && order === 'desc' ? 'asc' : 'desc';
  return (
    <th scope="col" aria-sort={isSorted ? (order === 'asc' ? 'ascending' : 'descending') : 'none'}>
      <button
        type="button"
        class="quiet"
        onClick={() => goTo(place.path, { ...query, sort: name, order: next }, true)}
      >
        {label} {isSorted ? (order === 'asc' ? '↑' : '↓') : ''}
      </button>
    </th>
  );
}

interface RowProps {
  readonly run: RunOverview;
  readonly assistants: readonly OpenAI.Beta.Assistant[];
  readonly now: number;
}

function RunRow({ run, assistants, now }: RowProps) {
  const end = endOf(run);
  const assistant = assistants.find(({ id }) => id === run.assistant_id);
  return (
    <tr>
      <td>
        <a href={hrefOf(['threads', run.thread_id, 'runs', run.id])}>{shortId(run.id)}</a>
      </td>
      <td>
        <Status status={run.status} />
      </td>
      <td>{assistant?.name ?? shortId(run.assistant_id)}</td>
      <td class="break">{run.model}</td>
      <td title={formatDate(run.created_at)}>{formatAge(run.created_at, now)}</td>
      <td>{run.started_at === null ? '' : formatSeconds(run.started_at - run.created_at)}</td>
      <td>{end === null ? '' : formatSeconds(end - run.created_at)}</td>
      <td>{run.usage === null ? '' : formatShort(run.usage.total_tokens)}</td>
      <td class="break">{run.last_error?.message ?? ''}</td>
    </tr>
  );
}

interface TableProps extends Omit<RowProps, 'run'> {
  readonly place: Place;
  readonly runs: readonly RunOverview[];
}

const RunsTable = ({ place, runs, assistants, now }: TableProps) => (
  <div class="table-scroll" tabIndex={0}>
    <table class="runs-table">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">Status</th>
          <th scope="col">Assistant</th>
          <th scope="col">Model</th>
          <SortHeader place={place} name="created" label="Created" />
          <SortHeader place={place} name="wait" label="Wait" />
          <SortHeader place={place} name="duration" label="Duration" />
          <SortHeader place={place} name="tokens" label="Tokens" />
          <th scope="col">Error</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.id} run={run} assistants={assistants} now={now} />
        ))}
      </tbody>
    </table>
    {runs.length === 0 && <p class="nothing">No runs.</p>}
  </div>
);

interface Props {
  readonly place: Place;
  readonly assistants: readonly OpenAI.Beta.Assistant[];
}

const refreshMs = 5000;

/** All runs over time: charts, and a table to sort and filter. */
export function RunsView({ place, assistants }: Props) {
  const { openai } = useSession();
  const now = useNow();
  useTitle('Runs');
  const { query } = place;
  const [filter, setFilter] = useState(() => filterOf(place, Date.now() / 1000));
  const filterKey = [query['assistant'], query['status'], query['time']].join(' ');
  useEffect(() => setFilter(filterOf(place, Date.now() / 1000)), [filterKey]);
  const { search: _search, ...runFilter } = filter;
  const list = usePagedList(JSON.stringify(runFilter), (after) =>
    listRuns(openai, runFilter, after),
  );
  const period = chartPeriod(query['time'] ?? '', now);
  const statistics = useLoaded(JSON.stringify(period), () => readStatistics(openai, period));
  const [shownStatistics, setShown] = useState(statistics.value);
  useEffect(() => {
    if (statistics.value !== null) setShown(statistics.value);
  }, [statistics.value]);
  usePolling(async () => {
    await list.refresh();
    statistics.reload();
  }, refreshMs);
  const sortKey = sortKeys[query['sort'] ?? ''] ?? sortKeys['created'];
  const direction = query['order'] === 'asc' ? 1 : -1;
  const runs = list.items?.toSorted(
    (one, other) => direction * ((sortKey?.(one) ?? 0) - (sortKey?.(other) ?? 0)),
  );
  const sampleQuery = Object.fromEntries(
    Object.entries(runFilter).map(([key, value]) => [key, String(value)]),
  );
  return (
    <section class="runs scroll" aria-label="Runs" tabIndex={0}>
      <h1 class="visually-hidden">Runs</h1>
      <Filters place={place} assistants={assistants} hasSearch={false} />
      {shownStatistics !== null && <Charts statistics={shownStatistics} />}
      {runs === undefined ? (
        <Loading />
      ) : (
        <RunsTable place={place} runs={runs} assistants={assistants} now={now} />
      )}
      <p class="list-end" ref={list.end}>
        {list.hasMore ? 'Loading more…' : ''}
      </p>
      <CallSample sample={callSamples.listRuns(sampleQuery)} />
    </section>
  );
}
