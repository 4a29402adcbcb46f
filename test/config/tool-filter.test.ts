import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { narrowToolFilter } from '../../src/config/tool-filter.ts';
import { toolList } from '../../src/tools/tool-list.ts';
import {
  filterTools,
  namesByToolset,
  type ToolFilter,
  toolsets,
} from '../../src/tools/toolsets.ts';

const names = Object.values(namesByToolset.default).flat();
const someNames = fc.subarray(names);

const filters: fc.Arbitrary<ToolFilter> = fc.record({
  toolsets: fc.subarray([...toolsets]),
  tools: fc.option(someNames),
  excludeTools: someNames,
  readOnly: fc.boolean(),
  toolNames: fc.constant('default' as const),
});

const someNamesOf = (list: readonly string[]) =>
  fc.subarray([...list], { minLength: 1 }).map((chosen) => chosen.join(','));

const parameters = fc.oneof(
  fc.tuple(fc.constant('toolsets'), fc.oneof(fc.constant('all'), someNamesOf(toolsets))),
  fc.tuple(fc.constantFrom('tools', 'exclude_tools'), someNamesOf(names)),
  fc.tuple(fc.constant('read_only'), fc.constantFrom('true', 'false', '1', 'no')),
);

const listed = (filter: ToolFilter): string[] =>
  filterTools(toolList, filter).map(({ name }) => name);

test('no query lists a tool that the server does not list, whatever their settings', () => {
  fc.assert(
    fc.property(filters, fc.array(parameters, { maxLength: 6 }), (filter, query) => {
      const narrowed = listed(narrowToolFilter(filter, new URLSearchParams(query)));
      const allowed = new Set(listed(filter));
      expect(narrowed.filter((name) => !allowed.has(name))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('the order and the repetition of query parameters make no difference', () => {
  fc.assert(
    fc.property(filters, fc.array(parameters, { maxLength: 6 }), (filter, query) => {
      const one = listed(narrowToolFilter(filter, new URLSearchParams(query)));
      const reordered = new URLSearchParams([...query, ...query].toReversed());
      expect(listed(narrowToolFilter(filter, reordered))).toEqual(one);
    }),
    { numRuns: 500 },
  );
});
