import type { Context } from 'hono';
import * as z from 'zod';
import { listQuery } from '../../schema/common.ts';
import type { Page, PageQuery, Cursor } from '../store/keyset-page.ts';
import { errors, type Kind } from './errors.ts';
import { parseQuery } from './request.ts';

export const listSchema = z.object(listQuery);

type ListQuery = z.infer<typeof listSchema>;

/**
 * Turns a list's query into the page to read. `find` looks a cursor up in the list itself; one that
 * never was there is a 404, since there is no telling what comes after it (contract §3.1). Programs
 * delete what a page shows them and go on to the next one, behind what is gone.
 */
export async function toPageQuery(
  query: ListQuery,
  kind: Kind,
  find: (id: string) => Promise<Cursor | undefined>,
): Promise<PageQuery> {
  const position = async (id: string): Promise<Cursor> => {
    const found = await find(id);
    if (found === undefined) throw errors.notFound(kind, id);
    return found;
  };
  return {
    limit: query.limit ?? 20,
    order: query.order ?? 'desc',
    ...(query.after === undefined ? {} : { after: await position(query.after) }),
    ...(query.before === undefined ? {} : { before: await position(query.before) }),
  };
}

/** The list envelope of contract §3.1; `first_id` and `last_id` are null on an empty page. */
export function toList<T extends { id: string }>(data: T[], has_more: boolean) {
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more,
  };
}

/** Reads and answers one page of a list that takes the common query and nothing else. */
export async function listResponse<Row extends Cursor>(
  context: Context,
  list: {
    readonly kind: Kind;
    readonly find: (id: string) => Promise<Cursor | undefined>;
    readonly read: (page: PageQuery) => Promise<Page<Row>>;
    readonly toObject: (row: Row) => { id: string };
  },
): Promise<Response> {
  const query = await toPageQuery(parseQuery(context, listSchema), list.kind, list.find);
  const { rows, has_more } = await list.read(query);
  return context.json(toList(rows.map(list.toObject), has_more));
}
