import type OpenAI from 'openai';
import { isActive } from './overview.ts';

export type Message = OpenAI.Beta.Threads.Message;
export type Run = OpenAI.Beta.Threads.Run;
export type Step = OpenAI.Beta.Threads.Runs.RunStep;

/** The output of one function call. */
export interface ToolOutput {
  readonly tool_call_id: string;
  readonly output: string;
}

/** What the view of a thread shows; replaced as a whole with each change. */
export interface ThreadState {
  readonly thread: OpenAI.Beta.Thread | null;
  /** Oldest first: the newest part of the thread that has been loaded. */
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  /** Newest first. */
  readonly runs: readonly Run[];
  /** By run, oldest first. */
  readonly steps: Readonly<Record<string, readonly Step[]>>;
  /** Why loading failed. */
  readonly error: unknown;
  /** Whether a stream broke off and the run is polled instead. */
  readonly isReconnecting: boolean;
}

export const emptyState: ThreadState = {
  thread: null,
  messages: [],
  hasOlder: false,
  runs: [],
  steps: {},
  error: null,
  isReconnecting: false,
};

export const byTime = (one: { created_at: number }, other: { created_at: number }) =>
  one.created_at - other.created_at;

/** Adds objects to a list, or replaces those with the same id. */
export function merge<T extends { readonly id: string }>(
  list: readonly T[],
  added: readonly T[],
): T[] {
  const ids = new Map(added.map((item) => [item.id, item]));
  const kept = list.map((item) => ids.get(item.id) ?? item);
  const known = new Set(list.map(({ id }) => id));
  return [...kept, ...added.filter(({ id }) => !known.has(id))];
}

/** The run that holds the thread; undefined: there is none. */
export const activeRun = ({ runs }: ThreadState): Run | undefined => runs.find(isActive);
