import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CallPiece,
  ToolCallAssembler,
} from '../../../src/engine/models/chat/tool-call-assembler.ts';
import { createIds } from '../../support/clock.ts';
import { pieces } from '../../support/upstream-events.ts';

/* However a server writes its function calls down, they are the calls that the model made. */

interface Call {
  readonly name: string;
  readonly args: Record<string, string>;
}

/** How a server numbers and names the pieces. */
interface Manner {
  readonly index: 'right' | 'zero' | 'none';
  readonly ids: 'first' | 'every' | 'none';
  readonly args: 'split' | 'whole' | 'object';
  readonly names: 'first' | 'every';
}

const call: fc.Arbitrary<Call> = fc.record({
  name: fc.constantFrom('get_weather', 'now', 'send'),
  args: fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { maxKeys: 3 }),
});

const manner: fc.Arbitrary<Manner> = fc.record({
  index: fc.constantFrom('right' as const, 'zero' as const, 'none' as const),
  ids: fc.constantFrom('first' as const, 'every' as const, 'none' as const),
  args: fc.constantFrom('split' as const, 'whole' as const, 'object' as const),
  names: fc.constantFrom('first' as const, 'every' as const),
});

const idOf = (index: number) => `call_${index}`;

function write({ name, args }: Call, index: number, how: Manner): CallPiece[] {
  const text = JSON.stringify(args);
  const parts =
    how.args === 'split' ? ['', ...pieces(text)] : [how.args === 'object' ? args : text];
  return parts.map((part, place) => ({
    ...(how.index === 'none' ? {} : { index: how.index === 'zero' ? 0 : index }),
    ...(how.ids === 'every' || (how.ids === 'first' && place === 0) ? { id: idOf(index) } : {}),
    function: {
      ...(how.names === 'every' || place === 0 ? { name } : {}),
      arguments: part,
    },
  }));
}

const read = (all: readonly CallPiece[]) => {
  const calls = new ToolCallAssembler();
  for (const piece of all) calls.add(piece);
  return calls.finish(createIds(), new Set());
};

test('in any manner', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 4 }), manner, (calls, how) => {
      const made = read(calls.flatMap((one, index) => write(one, index, how)));
      const seen = made.map(({ function: called }) => [called.name, JSON.parse(called.arguments)]);
      expect(seen).toEqual(calls.map(({ name, args }) => [name, args]));
      expect(new Set(made.map(({ call_id }) => call_id)).size).toBe(calls.length);
      const own = calls.map((_, at) => idOf(at));
      expect(how.ids === 'none' ? own : made.map(({ id }) => id)).toEqual(own);
    }),
    { numRuns: 500 },
  );
});

test('interleaved, where they are numbered', () => {
  const calls = [
    { name: 'now', args: { at: 'Oslo' } },
    { name: 'now', args: { at: 'Rome' } },
  ];
  const how = { index: 'right', ids: 'first', args: 'split', names: 'first' } as const;
  const [one = [], other = []] = calls.map((harness, index) => write(harness, index, how));
  const mixed = one.flatMap((piece, index) => [piece, other[index] ?? {}]);
  expect(read(mixed).map(({ function: called }) => JSON.parse(called.arguments))).toEqual([
    { at: 'Oslo' },
    { at: 'Rome' },
  ]);
});
