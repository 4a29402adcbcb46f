import * as z from 'zod';
import { yieldToOthers } from '../../shared/clock.ts';
import { defaultPageSize, listQuery } from '../../schema/common.ts';
import type { Page, PageQuery, Cursor } from '../store/keyset-page.ts';
import type { ApiError } from '../../shared/errors.ts';
import { errors, type ObjectKind } from './errors.ts';

export const listSchema = z.object(listQuery);

type ListQuery = z.infer<typeof listSchema>;

/**
 * Converts a list's query. `findCursor` finds an object's position in the list, even once it has
 * been deleted; throws a 404 for a cursor that was never in it (contract §3.1).
 */
async function toPageQuery(
  query: ListQuery,
  notFound: (id: string) => ApiError,
  findCursor: (id: string) => Promise<Cursor | undefined>,
): Promise<PageQuery> {
  const cursor = async (id: string): Promise<Cursor> => {
    const position = await findCursor(id);
    if (position === undefined) throw notFound(id);
    return position;
  };
  return {
    limit: query.limit ?? defaultPageSize,
    order: query.order ?? 'desc',
    ...(query.after === undefined ? {} : { after: await cursor(query.after) }),
    ...(query.before === undefined ? {} : { before: await cursor(query.before) }),
  };
}

/** What a list has; an unknown cursor is reported as an object of its kind, or by `notFound`. */
type List<Row extends Cursor> = (
  | { readonly kind: ObjectKind; readonly notFound?: undefined }
  | { readonly notFound: (id: string) => ApiError }
) & {
  readonly findCursor: (id: string) => Promise<Cursor | undefined>;
  readonly read: (page: PageQuery) => Promise<Page<Row>>;
  readonly toObject: (row: Row) => { id: string };
};

/** Answers with JSON whose text is made in parts, so that it never is in memory as a whole. */
export function streamText(parts: AsyncGenerator<string>): Response {
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
  return new Response(stream, { headers: { 'content-type': 'application/json' } });
}

/** A longer page is written in parts. */
const maxPartLength = 2 ** 20;

async function* withPauses(parts: readonly string[]): AsyncGenerator<string> {
  for (const part of parts) {
    await yieldToOthers();
    yield part;
  }
}

/**
 * Writes the list envelope of contract §3.1 without keeping other requests waiting; `first_id` and
 * `last_id` are null on an empty page.
 */
async function writeList<Row>(
  rows: readonly Row[],
  toObject: (row: Row) => { id: string },
  has_more: boolean,
): Promise<Response> {
  const ids: string[] = [];
  const parts: string[] = [];
  let part = '{"object":"list","data":[';
  for (const row of rows) {
    const object = toObject(row);
    part += `${ids.length === 0 ? '' : ','}${JSON.stringify(object)}`;
    ids.push(object.id);
    if (part.length < maxPartLength) continue;
    parts.push(part);
    part = '';
    await yieldToOthers();
  }
  const { first_id, last_id } = { first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
  part += `],${JSON.stringify({ first_id, last_id, has_more }).slice(1)}`;
  if (parts.length > 0) return streamText(withPauses([...parts, part]));
  return new Response(part, { headers: { 'content-type': 'application/json' } });
}

/** Responds with the page of a list that the query asks for. */
export async function listResponse<Row extends Cursor>(
  query: ListQuery,
  list: List<Row>,
): Promise<Response> {
  const { findCursor, read, toObject } = list;
  const notFound = list.notFound ?? ((id: string) => errors.notFound(list.kind, id));
  const { rows, has_more } = await read(await toPageQuery(query, notFound, findCursor));
  return writeList(rows, toObject, has_more);
}
