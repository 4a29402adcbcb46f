import * as z from 'zod';
import { defaultPageSize, listQuery } from '../../schema/common.ts';
import type { Page, PageQuery, Cursor } from '../store/keyset-page.ts';
import { errors, type ObjectKind } from './errors.ts';

export const listSchema = z.object(listQuery);

type ListQuery = z.infer<typeof listSchema>;

/**
 * Converts a list's query. `findCursor` finds an object's position in the list, even once it has
 * been deleted; throws a 404 for a cursor that was never in it (contract §3.1).
 */
async function toPageQuery(
  query: ListQuery,
  kind: ObjectKind,
  findCursor: (id: string) => Promise<Cursor | undefined>,
): Promise<PageQuery> {
  const cursor = async (id: string): Promise<Cursor> => {
    const position = await findCursor(id);
    if (position === undefined) throw errors.notFound(kind, id);
    return position;
  };
  return {
    limit: query.limit ?? defaultPageSize,
    order: query.order ?? 'desc',
    ...(query.after === undefined ? {} : { after: await cursor(query.after) }),
    ...(query.before === undefined ? {} : { before: await cursor(query.before) }),
  };
}

/** The list envelope of contract §3.1; `first_id` and `last_id` are null on an empty page. */
function toList<T extends { id: string }>(data: T[], has_more: boolean) {
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more,
  };
}

interface List<Row extends Cursor> {
  readonly kind: ObjectKind;
  readonly findCursor: (id: string) => Promise<Cursor | undefined>;
  readonly read: (page: PageQuery) => Promise<Page<Row>>;
  readonly toObject: (row: Row) => { id: string };
}

/** Responds with the page of a list that the query asks for. */
export async function listResponse<Row extends Cursor>(
  query: ListQuery,
  { kind, findCursor, read, toObject }: List<Row>,
): Promise<Response> {
  const { rows, has_more } = await read(await toPageQuery(query, kind, findCursor));
  return Response.json(toList(rows.map(toObject), has_more));
}
