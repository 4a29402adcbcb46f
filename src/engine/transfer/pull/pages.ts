import { fieldOf, isJsonObject } from '../../../shared/json.ts';
import { type Query, type Source, SourceError } from './source.ts';
import { toSeconds } from './times.ts';

/** The most that servers with the API's limits accept. */
const pageSize = 100;

/** Where servers have the elements of a list. */
const listFields = ['data', 'items', 'results', 'value'] as const;

interface Page {
  readonly items: readonly unknown[];
  readonly hasMore: unknown;
  readonly lastId: unknown;
}

function toPage(body: unknown, path: string): Page {
  if (Array.isArray(body)) return { items: body, hasMore: undefined, lastId: undefined };
  const field = listFields.find((name) => fieldOf(body, name) !== undefined);
  const items = field === undefined ? undefined : (fieldOf(body, field) ?? []);
  if (!isJsonObject(body) || !Array.isArray(items)) {
    throw new SourceError(`The answer to GET ${path} is no list.`, 200);
  }
  return { items, hasMore: body['has_more'], lastId: body['last_id'] };
}

const idOf = (item: unknown): string | null => {
  const id = fieldOf(item, 'id');
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
};

/** The cursor of the next page; null if the page has no ids. */
function cursorAfter({ items, lastId }: Page): string | null {
  const ids = items.flatMap((item) => idOf(item) ?? []);
  return typeof lastId === 'string' && ids.includes(lastId) ? lastId : (ids.at(-1) ?? null);
}

const refusedQuery: ReadonlySet<unknown> = new Set([400, 422]);

/** The first page; without a page size and an order if the server refuses them. */
async function readFirst(source: Source, path: string): Promise<[Page, Query]> {
  const query = { limit: pageSize, order: 'asc' };
  try {
    return [toPage(await source.get(path, query), path), query];
  } catch (error) {
    if (!(error instanceof SourceError) || !refusedQuery.has(error.status)) throw error;
    const body = await source.get(path).catch((second: unknown) => {
      throw second instanceof SourceError ? error : second;
    });
    return [toPage(body, path), {}];
  }
}

/** Whether another page may follow: servers say so, do not say it, or always say that there is none. */
const mayContinue = ({ items, hasMore }: Page): boolean =>
  items.length > 0 && (hasMore !== false || items.length === pageSize);

/** Whether items are missing if the server sends this page instead of the next one. */
const isIncomplete = ({ items, hasMore }: Page): boolean =>
  items.length > 0 && (hasMore === true || items.length === pageSize);

/** The items that no earlier page had. Those without an id, which no list needs, come with others. */
function selectNew({ items }: Page, seen: Set<string>): readonly unknown[] {
  const isFirstPage = seen.size === 0;
  const fresh = items.filter((item) => {
    const id = idOf(item);
    if (id === null || seen.has(id)) return false;
    seen.add(id);
    return true;
  });
  if (fresh.length === 0 && !isFirstPage) return [];
  return [...fresh, ...items.filter((item) => idOf(item) === null)];
}

/**
 * The items of a list page by page, each once, in the order in which the server sends them. Calls
 * `onRepeat` if the server sends a page again instead of the next one.
 */
async function* readPages(
  source: Source,
  path: string,
  onRepeat: () => void,
): AsyncGenerator<readonly unknown[]> {
  const seen = new Set<string>();
  const [first, query] = await readFirst(source, path);
  let page = first;
  while (true) {
    const fresh = selectNew(page, seen);
    if (fresh.length > 0) yield fresh;
    else if (isIncomplete(page)) onRepeat();
    const after = cursorAfter(page);
    if (fresh.length === 0 || !mayContinue(page) || after === null) return;
    page = toPage(await source.get(path, { ...query, after }), path);
  }
}

/** The order of items by their times; null if they all have the same. */
function orderOf(items: readonly unknown[]): 'asc' | 'desc' | null {
  const [first, last] = [items[0], items.at(-1)].map((item) =>
    toSeconds(fieldOf(item, 'created_at') ?? fieldOf(item, 'created')),
  );
  if (first === undefined || last === undefined || first === last) return null;
  return first > last ? 'desc' : 'asc';
}

/** Whether the server sends the same first item, whatever order the request asks for. */
async function ignoresOrder(source: Source, path: string, items: readonly unknown[]) {
  try {
    const page = toPage(await source.get(path, { limit: pageSize, order: 'desc' }), path);
    return page.items.length > 1 && idOf(page.items[0]) === idOf(items[0]);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return true;
  }
}

/**
 * Whether the server sends a list newest first, though the request asks for the opposite. Where the
 * times do not tell, the server's other lists do, or a second request.
 */
async function isNewestFirst(
  source: Source,
  path: string,
  items: readonly unknown[],
): Promise<boolean> {
  const order = orderOf(items);
  if (order !== null) source.order = order;
  else if (items.length > 1) {
    source.order ??= (await ignoresOrder(source, path, items)) ? 'desc' : 'asc';
  }
  return (order ?? (items.length > 1 ? source.order : 'asc')) === 'desc';
}

/**
 * The items of a list, oldest first, in parts of at most 100. A list that the server sends newest first
 * is read completely and turned around.
 */
export async function* listItems(
  source: Source,
  path: string,
  onRepeat: () => void,
): AsyncGenerator<readonly unknown[]> {
  const reversed: unknown[] = [];
  let isReversed: boolean | undefined;
  for await (const items of readPages(source, path, onRepeat)) {
    isReversed ??= await isNewestFirst(source, path, items);
    if (isReversed) for (const item of items) reversed.push(item);
    else yield* parts(items);
  }
  yield* parts(reversed.toReversed());
}

function* parts(items: readonly unknown[]): Generator<readonly unknown[]> {
  for (let start = 0; start < items.length; start += pageSize) {
    yield items.slice(start, start + pageSize);
  }
}
