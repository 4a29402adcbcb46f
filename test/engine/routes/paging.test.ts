import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { setup } from '../../support/engine.ts';

interface Listed {
  readonly id: string;
}

interface Query {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly after?: string;
  readonly before?: string;
}

/** What contract §3.1 says of a page, said once more over an array, oldest first. */
function pageOf(ids: string[], { limit, order, after, before }: Query) {
  const all = order === 'asc' ? ids : ids.toReversed();
  const from = after === undefined ? 0 : all.indexOf(after) + 1;
  const to = before === undefined ? all.length : all.indexOf(before);
  const matching = all.slice(from, Math.max(from, to));
  const closest = before !== undefined && after === undefined;
  const page = closest ? matching.slice(-limit) : matching.slice(0, limit);
  return { ids: page, has_more: matching.length > page.length };
}

test('every page of every list is the one that the contract names', async () => {
  const harness = await setup();
  const pauses = fc.array(fc.constantFrom(0, 0, 0, 1000, 5000), { minLength: 1, maxLength: 12 });
  const query = fc.record({
    limit: fc.integer({ min: 1, max: 14 }),
    order: fc.constantFrom('asc' as const, 'desc' as const),
    after: fc.option(fc.nat(11), { nil: undefined }),
    before: fc.option(fc.nat(11), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(pauses, fc.array(query, { maxLength: 6 }), async (waits, queries) => {
      const { id } = await harness.openai.beta.threads.create();
      const path = `/threads/${id}/messages`;
      const ids: string[] = [];
      for (const wait of waits) {
        await harness.clock.advance(wait);
        const { body } = await harness.request('POST', path, { role: 'user', content: 'x' });
        ids.push(body.id);
      }
      for (const { after, before, ...rest } of queries) {
        const cursor = (index: number | undefined) =>
          index === undefined ? undefined : ids[index % ids.length];
        const [later, earlier] = [cursor(after), cursor(before)];
        const asked: Query = {
          ...rest,
          ...(later !== undefined && { after: later }),
          ...(earlier !== undefined && { before: earlier }),
        };
        const text = new URLSearchParams({ ...asked, limit: `${asked.limit}` });
        const { body } = await harness.request('GET', `${path}?${text.toString()}`);
        const got = { ids: body.data.map((one: Listed) => one.id), has_more: body.has_more };
        expect(got).toEqual(pageOf(ids, asked));
      }
    }),
    { numRuns: 60 },
  );
});
