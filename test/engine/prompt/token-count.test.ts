import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { countBytes, loadTokenizer } from '../../../src/engine/prompt/token-count.ts';

const count = await loadTokenizer();

test.each([
  ['', 0],
  ['Hello, world!', 4],
  ['The quick brown fox jumps over the lazy dog.', 10],
  // A control token is counted as text.
  ['<|endoftext|>', 7],
])('%j has %i tokens', (text, tokens) => {
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

test('cutting text into pieces changes its count only slightly', () => {
  const text = 'It is said that nobody knows; 1234 of them do. '.repeat(200);
  const expectedTokens = 200 * count('It is said that nobody knows; 1234 of them do. ');
  expect(count(text) / expectedTokens).toBeGreaterThan(0.9);
  expect(count(text) / expectedTokens).toBeLessThan(1.02);
});
