import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';

interface ListedObject {
  readonly id: string;
}

interface Query {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly after?: string;
  readonly before?: string;
}

/** The page of contract §3.1, computed from an array of ids, oldest first. */
function pageOf(ids: string[], { limit, order, after, before }: Query) {
  const ordered = order === 'asc' ? ids : ids.toReversed();
  const from = after === undefined ? 0 : ordered.indexOf(after) + 1;
  const to = before === undefined ? ordered.length : ordered.indexOf(before);
  const matching = ordered.slice(from, Math.max(from, to));
  const isBackwards = before !== undefined && after === undefined;
  const page = isBackwards ? matching.slice(-limit) : matching.slice(0, limit);
  return { ids: page, has_more: matching.length > page.length };
}

test('returns the page that the contract defines for any query', async () => {
  const harness = await setup();
  const delays = fc.array(fc.constantFrom(0, 0, 0, 1000, 5000), { minLength: 1, maxLength: 12 });
  const query = fc.record({
    limit: fc.integer({ min: 1, max: 14 }),
    order: fc.constantFrom('asc' as const, 'desc' as const),
    after: fc.option(fc.nat(11), { nil: undefined }),
    before: fc.option(fc.nat(11), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(delays, fc.array(query, { maxLength: 6 }), async (delaysMs, queries) => {
      const { id } = await harness.openai.beta.threads.create();
      const path = `/threads/${id}/messages`;
      const ids: string[] = [];
      for (const delayMs of delaysMs) {
        await harness.clock.advance(delayMs);
        const { body } = await harness.request('POST', path, { role: 'user', content: 'x' });
        ids.push(body.id);
      }
      for (const { after, before, ...others } of queries) {
        const cursor = (index: number | undefined) =>
          index === undefined ? undefined : ids[index % ids.length];
        const [later, earlier] = [cursor(after), cursor(before)];
        const params: Query = {
          ...others,
          ...(later !== undefined && { after: later }),
          ...(earlier !== undefined && { before: earlier }),
        };
        const text = new URLSearchParams({ ...params, limit: `${params.limit}` });
        const { body } = await harness.request('GET', `${path}?${text.toString()}`);
        const page = {
          ids: body.data.map((object: ListedObject) => object.id),
          has_more: body.has_more,
        };
        expect(page).toEqual(pageOf(ids, params));
      }
    }),
    { numRuns: 60 },
  );
});
