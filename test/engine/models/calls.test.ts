import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CallPiece,
  ToolCallAssembler,
} from '../../../src/engine/models/chat/tool-call-assembler.ts';
import { createIds } from '../../support/clock.ts';
import { pieces } from '../../support/upstream-events.ts';

interface Call {
  readonly name: string;
  readonly args: Record<string, string>;
}

/** How a server splits, numbers and names the pieces of function calls. */
interface Format {
  readonly index: 'right' | 'zero' | 'none';
  readonly ids: 'first' | 'every' | 'none';
  readonly args: 'split' | 'whole' | 'object';
  readonly names: 'first' | 'every';
}

const call: fc.Arbitrary<Call> = fc.record({
  name: fc.constantFrom('get_weather', 'now', 'send'),
  args: fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { maxKeys: 3 }),
});

const format: fc.Arbitrary<Format> = fc.record({
  index: fc.constantFrom('right' as const, 'zero' as const, 'none' as const),
  ids: fc.constantFrom('first' as const, 'every' as const, 'none' as const),
  args: fc.constantFrom('split' as const, 'whole' as const, 'object' as const),
  names: fc.constantFrom('first' as const, 'every' as const),
});

const idOf = (index: number) => `call_${index}`;

function toPieces({ name, args }: Call, index: number, style: Format): CallPiece[] {
  const text = JSON.stringify(args);
  const parts =
    style.args === 'split' ? ['', ...pieces(text)] : [style.args === 'object' ? args : text];
  return parts.map((part, partIndex) => ({
    ...(style.index === 'none' ? {} : { index: style.index === 'zero' ? 0 : index }),
    ...(style.ids === 'every' || (style.ids === 'first' && partIndex === 0)
      ? { id: idOf(index) }
      : {}),
    function: {
      ...(style.names === 'every' || partIndex === 0 ? { name } : {}),
      arguments: part,
    },
  }));
}

const assemble = (callPieces: readonly CallPiece[]) => {
  const assembler = new ToolCallAssembler();
  for (const piece of callPieces) assembler.add(piece);
  return assembler.finish(createIds(), new Set());
};

test('the assembler restores calls from pieces in any format', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 4 }), format, (calls, style) => {
      const assembled = assemble(calls.flatMap((one, index) => toPieces(one, index, style)));
      const parsed = assembled.map((one) => [
        one.function.name,
        JSON.parse(one.function.arguments),
      ]);
      expect(parsed).toEqual(calls.map(({ name, args }) => [name, args]));
      expect(new Set(assembled.map(({ call_id }) => call_id)).size).toBe(calls.length);
      const modelIds = calls.map((_, index) => idOf(index));
      expect(style.ids === 'none' ? modelIds : assembled.map(({ id }) => id)).toEqual(modelIds);
    }),
    { numRuns: 500 },
  );
});

test('the assembler separates interleaved calls by index', () => {
  const calls = [
    { name: 'now', args: { at: 'Oslo' } },
    { name: 'now', args: { at: 'Rome' } },
  ];
  const style = { index: 'right', ids: 'first', args: 'split', names: 'first' } as const;
  const [first = [], second = []] = calls.map((one, index) => toPieces(one, index, style));
  const interleaved = first.flatMap((piece, index) => [piece, second[index] ?? {}]);
  expect(assemble(interleaved).map((one) => JSON.parse(one.function.arguments))).toEqual([
    { at: 'Oslo' },
    { at: 'Rome' },
  ]);
});
