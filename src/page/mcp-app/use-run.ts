import type OpenAI from 'openai';
import { useEffect, useRef, useState } from 'preact/hooks';
import { isNotFound } from '../data/client.ts';
import { isMoving } from '../data/overview.ts';
import type { Message, Run, Step } from '../data/thread-state.ts';
import { readSteps } from '../data/thread-store.ts';
import { usePolling } from '../session.ts';
import type { RunIds } from './tool-result.ts';

/** What is shown of a run. */
export interface RunState {
  readonly run: Run;
  /** Oldest first: some of the messages that the run answers. */
  readonly earlier: readonly Message[];
  /** Oldest first: the messages that the run has written. */
  readonly replies: readonly Message[];
  /** Oldest first. */
  readonly steps: readonly Step[];
}

const earlierCount = 10;
const movingMs = 2000;
const waitingMs = 5000;

/** The messages before a run; they stay as they are while it goes on. */
async function readEarlier(
  openai: OpenAI,
  { id, thread_id, created_at }: Run,
  [first]: readonly Message[],
): Promise<readonly Message[]> {
  const { data } = await openai.beta.threads.messages.list(thread_id, {
    limit: earlierCount,
    ...(first !== undefined && { after: first.id }),
  });
  return data
    .filter((message) => message.created_at <= created_at && message.run_id !== id)
    .toReversed();
}

/** Reads what can have changed since `known`. */
async function readRun(
  openai: OpenAI,
  { thread_id, run_id }: RunIds,
  known: RunState | null,
): Promise<RunState> {
  const { runs, messages } = openai.beta.threads;
  // Read first: what the others show is as new as the status, or newer.
  const run = await runs.retrieve(run_id, { thread_id });
  const [{ data: replies }, steps] = await Promise.all([
    messages.list(thread_id, { run_id, order: 'asc', limit: 100 }),
    readSteps(openai, thread_id, run_id),
  ]);
  const earlier = known?.earlier ?? (await readEarlier(openai, run, replies));
  return { run, earlier, replies, steps };
}

interface Shown {
  /** Null: it is being loaded. */
  readonly state: RunState | null;
  readonly error: unknown;
  readonly reload: () => Promise<void>;
}

/** How long to wait before the run is read again; null: nothing changes any more. */
function pollMs({ state, error }: Omit<Shown, 'reload'>): number | null {
  if (isNotFound(error)) return null;
  if (state === null) return error === null ? null : waitingMs;
  if (isMoving(state.run)) return movingMs;
  return state.run.status === 'requires_action' ? waitingMs : null;
}

/** Loads a run, and polls it until it has ended. */
export function useRun(openai: OpenAI, ids: RunIds): Shown {
  const [shown, setShown] = useState<Omit<Shown, 'reload'>>({ state: null, error: null });
  const isOpen = useRef(true);
  const reload = async () => {
    try {
      const state = await readRun(openai, ids, shown.state);
      if (isOpen.current) setShown({ state, error: null });
    } catch (error) {
      if (isOpen.current) setShown(({ state }) => ({ state, error }));
    }
  };
  useEffect(() => {
    void reload();
    return () => {
      isOpen.current = false;
    };
  }, []);
  usePolling(reload, pollMs(shown));
  return { ...shown, reload };
}
