import { yieldIfOthersWait } from '../shared/clock.ts';
import { type ApiCall, readJson } from '../tools/sdk-call.ts';

interface Page<Item> {
  readonly data: readonly Item[];
  readonly has_more: boolean;
}

/** One document has no more pages of 100 objects, however short they are. */
const maxPages = 10;

/**
 * Reads the objects of a list in order until `take` refuses one; returns whether there are others.
 * `list` requests the page after an id.
 */
export async function readPages<Item extends { readonly id: string }>(
  list: (after: string | null) => ApiCall<Page<Item>>,
  take: (item: Item) => boolean,
): Promise<boolean> {
  let after: string | null = null;
  for (let count = 0; count < maxPages; count += 1) {
    const { body }: { readonly body: Page<Item> } = await readJson(list(after));
    for (const item of body.data) {
      await yieldIfOthersWait();
      if (!take(item)) return true;
      after = item.id;
    }
    if (!body.has_more || body.data.length === 0) return false;
  }
  return true;
}
