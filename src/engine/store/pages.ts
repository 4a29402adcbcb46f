import type { Page, PageQuery, Cursor } from './keyset-page.ts';

/** Rows held in memory at once. */
const limit = 100;

/** All rows of a list, oldest first. */
export async function* iterateAll<Row extends Cursor>(
  read: (page: PageQuery) => Promise<Page<Row>>,
): AsyncGenerator<Row> {
  let after: Cursor | undefined;
  do {
    const { rows, has_more } = await read({
      limit,
      order: 'asc',
      ...(after === undefined ? {} : { after }),
    });
    yield* rows;
    after = has_more ? rows.at(-1) : undefined;
  } while (after !== undefined);
}
