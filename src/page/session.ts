import type OpenAI from 'openai';
import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { PageConfig } from './data/client.ts';

/** What every view uses. */
export interface Session {
  readonly openai: OpenAI;
  readonly config: PageConfig;
  /** Reports a failed call: asks for the token, or shows that the server is away. */
  readonly report: (error: unknown) => void;
  /** Reports that the server answers again. */
  readonly online: () => void;
  /** Whether a host shows this beside a tool call: there are no other views, and no files to save. */
  readonly isEmbedded: boolean;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('There is no session.');
  return session;
}

/** The title of the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · assistants-mcp`;
  }, [title]);
}

/** Runs a task again and again while the page is visible, `ms` after it has ended. */
export function usePolling(task: () => Promise<void>, ms: number | null): void {
  const latest = useRef(task);
  latest.current = task;
  useEffect(() => {
    if (ms === null) return;
    let timer = 0;
    let stopped = false;
    const run = async () => {
      if (document.visibilityState === 'visible') await latest.current();
      if (!stopped) timer = window.setTimeout(() => void run(), ms);
    };
    timer = window.setTimeout(() => void run(), ms);
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [ms]);
}

export interface Loaded<T> {
  readonly value: T | null;
  readonly error: unknown;
  readonly reload: () => void;
}

/** Loads something whenever `key` changes; an outdated answer is dropped. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const { report, online } = useSession();
  const [state, setState] = useState<{ key: string; value: T | null; error: unknown }>({
    key: '',
    value: null,
    error: null,
  });
  const [count, setCount] = useState(0);
  useEffect(() => {
    let current = true;
    const show = async () => {
      try {
        const value = await load();
        online();
        if (current) setState({ key, value, error: null });
      } catch (error) {
        report(error);
        if (current) setState((before) => ({ ...before, key, error }));
      }
    };
    void show();
    return () => {
      current = false;
    };
  }, [key, count]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : null,
    error: isCurrent ? state.error : null,
    reload: () => setCount((before) => before + 1),
  };
}

/** The time in Unix seconds, which moves every `ms` milliseconds. */
export function useNow(ms = 10_000): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}
