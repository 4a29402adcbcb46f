import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { isNotFound } from '../data/client.ts';
import type { Page } from '../data/overview.ts';
import { useSession } from '../session.ts';

interface PagedList<Item> {
  /** Null until the first page is here. */
  readonly items: readonly Item[] | null;
  readonly hasMore: boolean;
  /** Reads the first page again, and puts new items before the others. */
  readonly refresh: () => Promise<void>;
  /** Marks the end of the list: the next page loads when it comes into view. */
  readonly end: (element: Element | null) => void;
}

interface State<Item> {
  readonly key: string;
  readonly items: readonly Item[] | null;
  readonly hasMore: boolean;
}

/** The list with a new page: the first one, or one at the end. */
function addPage<Item extends { readonly id: string }>(
  { key, items, hasMore }: State<Item>,
  page: Page<Item>,
  isFirst: boolean,
): State<Item> {
  const fresh = new Set(page.data.map(({ id }) => id));
  const known = items ?? [];
  if (!isFirst) {
    const kept = known.filter(({ id }) => !fresh.has(id));
    return { key, items: [...kept, ...page.data], hasMore: page.has_more };
  }
  // What has been loaded beyond the first page stays, unless there is a gap between them.
  const edge = known.findIndex(({ id }) => id === page.data.at(-1)?.id);
  const rest = edge < 0 ? [] : known.slice(edge + 1).filter(({ id }) => !fresh.has(id));
  if (rest.length === 0 || !page.has_more) return { key, items: page.data, hasMore: page.has_more };
  return { key, items: [...page.data, ...rest], hasMore };
}

/** Calls `onVisible` whenever the marked element is in view, and again when `length` changes. */
function useVisible(onVisible: () => void, length: number) {
  const latest = useRef(onVisible);
  latest.current = onVisible;
  const element = useRef<Element | null>(null);
  const observer = useRef<IntersectionObserver | null>(null);
  const mark = useCallback((marked: Element | null) => {
    observer.current?.disconnect();
    element.current = marked;
    if (marked === null) return;
    observer.current = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && latest.current(),
      { rootMargin: '400px' },
    );
    observer.current.observe(marked);
  }, []);
  // After a page has come, the end may still be in view without having moved.
  useEffect(() => {
    if (element.current === null) return;
    observer.current?.unobserve(element.current);
    observer.current?.observe(element.current);
  }, [length]);
  return mark;
}

/** A list that loads page after page as it is scrolled; it starts anew when `key` changes. */
export function usePagedList<Item extends { readonly id: string }>(
  key: string,
  load: (after: string | null) => Promise<Page<Item>>,
): PagedList<Item> {
  const { report, online } = useSession();
  const [state, setState] = useState<State<Item>>({ key, items: null, hasMore: false });
  const latest = useRef({ key, load });
  latest.current = { key, load };
  const isLoading = useRef(false);
  const read = useCallback(async (after: string | null) => {
    const { key: wanted, load: loadPage } = latest.current;
    isLoading.current = true;
    try {
      const page = await loadPage(after);
      online();
      if (latest.current.key !== wanted) return;
      setState((before) => addPage(before, page, after === null));
    } catch (error) {
      report(error);
      // The last item was deleted: the list goes on after the one before it.
      const isGone = after !== null && isNotFound(error);
      setState((before) => ({
        ...before,
        items: (before.items ?? []).filter(({ id }) => !isGone || id !== after),
      }));
    } finally {
      isLoading.current = false;
    }
  }, []);
  useEffect(() => {
    setState({ key, items: null, hasMore: false });
    void read(null);
  }, [key]);
  const last = state.items?.at(-1);
  const loadMore = () => {
    if (!isLoading.current && state.hasMore && last !== undefined) void read(last.id);
  };
  return {
    items: state.key === key ? state.items : null,
    hasMore: state.hasMore,
    refresh: useCallback(() => read(null), []),
    end: useVisible(loadMore, state.items?.length ?? 0),
  };
}
