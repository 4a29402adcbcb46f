import type OpenAI from 'openai';
import { activeStatuses, isRunning } from '../../shared/run-status.ts';

export type RunStatus = OpenAI.Beta.Threads.RunStatus;

/** A run without its settings, as lists have it. */
export type RunOverview = Pick<
  OpenAI.Beta.Threads.Run,
  | 'id'
  | 'created_at'
  | 'assistant_id'
  | 'thread_id'
  | 'status'
  | 'started_at'
  | 'cancelled_at'
  | 'failed_at'
  | 'completed_at'
  | 'last_error'
  | 'model'
  | 'usage'
>;

export type SummarizedThread = OpenAI.Beta.Thread & {
  readonly summary: { readonly title: string | null; readonly latest_run: RunOverview | null };
};

export interface Page<Item> {
  readonly data: Item[];
  readonly has_more: boolean;
}

/** Filters of both lists; times are Unix seconds. */
export interface ListFilter {
  readonly assistant_id?: string;
  readonly status?: RunStatus;
  readonly search?: string;
  readonly created_after?: number;
}

const pageSize = 30;

const queryOf = (filter: ListFilter, after: string | null) => ({
  ...filter,
  limit: pageSize,
  ...(after !== null && { after }),
});

export const listThreads = (
  openai: OpenAI,
  filter: ListFilter,
  after: string | null,
): Promise<Page<SummarizedThread>> =>
  openai.get('/threads', { query: { ...queryOf(filter, after), 'include[]': 'summary' } });

export const listRuns = (
  openai: OpenAI,
  filter: ListFilter,
  after: string | null,
): Promise<Page<RunOverview>> => openai.get('/runs', { query: queryOf(filter, after) });

export interface Interval {
  readonly start: number;
  readonly runs: number;
  readonly runs_by_status: Readonly<Partial<Record<RunStatus, number>>>;
  readonly tokens_by_model: Readonly<Record<string, number>>;
  readonly p50_seconds: number | null;
  readonly p95_seconds: number | null;
}

export interface Statistics {
  readonly created_after: number;
  readonly created_before: number;
  readonly interval: number;
  readonly is_complete: boolean;
  readonly data: readonly Interval[];
}

export interface Period {
  readonly created_after: number;
  readonly created_before: number;
  readonly interval: number;
}

export const readStatistics = (openai: OpenAI, period: Period): Promise<Statistics> =>
  openai.get('/runs/statistics', { query: period });

/** Unix seconds at which a run ended; null while it has not. */
export const endOf = ({
  completed_at,
  failed_at,
  cancelled_at,
}: Pick<RunOverview, 'completed_at' | 'failed_at' | 'cancelled_at'>): number | null =>
  completed_at ?? failed_at ?? cancelled_at;

/** Whether a run holds its thread. */
export const isActive = ({ status }: { readonly status: RunStatus }): boolean =>
  activeStatuses.some((active) => active === status);

/** Whether a run changes by itself. */
export const isMoving = ({ status }: { readonly status: RunStatus }): boolean => isRunning(status);
