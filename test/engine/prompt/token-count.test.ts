import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { countBytes, loadTokenizer } from '../../../src/engine/prompt/token-count.ts';

const count = await loadTokenizer();

test.each([
  ['', 0],
  ['Hello, world!', 4],
  ['The quick brown fox jumps over the lazy dog.', 10],
  // Text, whatever it looks like.
  ['<|endoftext|>', 7],
])('%j are %i tokens', (text, tokens) => {
  expect(count(text)).toBe(tokens);
});

test('no text has more tokens than bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      expect(count(text)).toBeLessThanOrEqual(countBytes(text));
    }),
  );
  expect(count('👨‍👩‍👧‍👦'.repeat(300))).toBeLessThanOrEqual(countBytes('👨‍👩‍👧‍👦'.repeat(300)));
  expect(count('\uD83D'.repeat(600))).toBeLessThanOrEqual(countBytes('\uD83D'.repeat(600)));
});

test('text in pieces takes hardly more than in one', () => {
  const text = 'It is said that nobody knows; 1234 of them do. '.repeat(200);
  const whole = 200 * count('It is said that nobody knows; 1234 of them do. ');
  expect(count(text) / whole).toBeGreaterThan(0.9);
  expect(count(text) / whole).toBeLessThan(1.02);
});
