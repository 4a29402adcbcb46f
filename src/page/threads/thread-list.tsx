import type OpenAI from 'openai';
import { useEffect, useRef, useState } from 'preact/hooks';
import { CallSample } from '../components/call-sample.tsx';
import { Loading } from '../components/notice.tsx';
import { runStatuses, Status, statusWords } from '../components/status.tsx';
import { callSamples } from '../data/call-samples.ts';
import {
  type ListFilter,
  listThreads,
  type RunStatus,
  type SummarizedThread,
} from '../data/overview.ts';
import { formatAge, formatDate, shortId } from '../format.ts';
import { goTo, hrefOf, type Place } from '../router.ts';
import { useNow, usePolling, useSession } from '../session.ts';
import { usePagedList } from './use-paged-list.ts';

/** Periods that a list can be limited to, in seconds. */
const periods = { hour: 3600, day: 86_400, week: 604_800, month: 2_592_000 } as const;

const isPeriod = (name: string): name is keyof typeof periods => name in periods;

const isStatus = (name: string): name is RunStatus => runStatuses.some((status) => status === name);

/** The filter that an address describes. Times are rounded, so that equal filters have equal keys. */
export function filterOf({ query }: Place, now: number): ListFilter {
  const { assistant = '', status = '', search = '', time = '' } = query;
  return {
    ...(assistant !== '' && { assistant_id: assistant }),
    ...(isStatus(status) && { status }),
    ...(search !== '' && { search }),
    ...(isPeriod(time) && { created_after: Math.floor((now - periods[time]) / 60) * 60 }),
  };
}

interface FiltersProps {
  readonly place: Place;
  readonly assistants: readonly OpenAI.Beta.Assistant[];
  readonly hasSearch: boolean;
}

/** The filters of a list; they are part of the address. */
export function Filters({ place, assistants, hasSearch }: FiltersProps) {
  const { query } = place;
  const set = (name: string, value: string) => goTo(place.path, { ...query, [name]: value }, true);
  const timer = useRef(0);
  const [text, setText] = useState(query['search'] ?? '');
  const path = place.path.join('/');
  useEffect(() => () => clearTimeout(timer.current), [path]);
  const search = (value: string) => {
    setText(value);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => set('search', value), 250);
  };
  return (
    <div class="filters" role="search">
      {hasSearch && (
        <input
          type="search"
          id="search"
          placeholder="Search messages"
          aria-label="Search messages"
          value={text}
          onInput={({ currentTarget }) => search(currentTarget.value)}
        />
      )}
      <select
        aria-label="Assistant"
        value={query['assistant'] ?? ''}
        onChange={({ currentTarget }) => set('assistant', currentTarget.value)}
      >
        <option value="">Assistant</option>
        {assistants.map(({ id, name }) => (
          <option value={id}>{name ?? shortId(id)}</option>
        ))}
      </select>
      <select
        aria-label="Status"
        value={query['status'] ?? ''}
        onChange={({ currentTarget }) => set('status', currentTarget.value)}
      >
        <option value="">Status</option>
        {runStatuses.map((status) => (
          <option value={status}>{statusWords[status]}</option>
        ))}
      </select>
      <select
        aria-label="Time"
        value={query['time'] ?? ''}
        onChange={({ currentTarget }) => set('time', currentTarget.value)}
      >
        <option value="">Time</option>
        {Object.keys(periods).map((name) => (
          <option value={name}>Last {name}</option>
        ))}
      </select>
    </div>
  );
}

interface ItemProps {
  readonly thread: SummarizedThread;
  readonly place: Place;
  readonly now: number;
  readonly isOpen: boolean;
}

function ThreadItem({ thread, place, now, isOpen }: ItemProps) {
  const { title, latest_run: run } = thread.summary;
  const time = run?.created_at ?? thread.created_at;
  return (
    <li>
      <a
        href={hrefOf(['threads', thread.id], place.query)}
        class="thread-item"
        aria-current={isOpen ? 'page' : undefined}
      >
        <span class="thread-title">{title ?? shortId(thread.id)}</span>
        <span class="thread-meta">
          <time title={formatDate(time)}>{formatAge(time, now)}</time>
          {run !== null && <Status status={run.status} />}
        </span>
      </a>
    </li>
  );
}

interface Props {
  readonly place: Place;
  readonly assistants: readonly OpenAI.Beta.Assistant[];
  readonly openId: string | null;
}

const refreshMs = 4000;

/** The list of threads, newest first, which loads more at its end. */
export function ThreadList({ place, assistants, openId }: Props) {
  const { openai } = useSession();
  const now = useNow();
  const [filter, setFilter] = useState(() => filterOf(place, Date.now() / 1000));
  const queryKey = JSON.stringify(place.query);
  useEffect(() => setFilter(filterOf(place, Date.now() / 1000)), [queryKey]);
  const list = usePagedList(JSON.stringify(filter), (after) => listThreads(openai, filter, after));
  // A search reads all messages: it is not repeated by itself.
  usePolling(list.refresh, filter.search === undefined ? refreshMs : null);
  const isFiltered = Object.keys(filter).length > 0;
  const query = Object.fromEntries(
    Object.entries({ ...filter, 'include[]': 'summary' }).map(([key, value]) => [
      key,
      String(value),
    ]),
  );
  return (
    <nav class="threads" aria-label="Threads">
      <Filters place={place} assistants={assistants} hasSearch />
      {list.items === null ? (
        <Loading />
      ) : (
        <ul class="thread-items" id="thread-items">
          {list.items.map((thread) => (
            <ThreadItem thread={thread} place={place} now={now} isOpen={thread.id === openId} />
          ))}
          {list.items.length === 0 && (
            <li class="nothing">{isFiltered ? 'No thread matches.' : 'No threads yet.'}</li>
          )}
          <li ref={list.end} class="list-end">
            {list.hasMore && 'Loading more…'}
          </li>
        </ul>
      )}
      <CallSample sample={callSamples.listThreads(query)} />
    </nav>
  );
}
