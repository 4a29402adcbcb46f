import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { countBytes } from '../../../src/engine/prompt/token-count.ts';
import { countTokens as count } from '../../../src/engine/prompt/tokenizer.ts';
import { countTurns } from '../../support/turns.ts';

test.each([
  ['', 0],
  ['Hello, world!', 4],
  ['The quick brown fox jumps over the lazy dog.', 10],
  // A control token is counted as text.
  ['<|endoftext|>', 7],
])('%j has %i tokens', async (text, tokens) => {
  expect(await count(text)).toBe(tokens);
});

test('no text has more tokens than bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 2000 }), async (text) => {
      expect(await count(text)).toBeLessThanOrEqual(countBytes(text));
    }),
  );
  expect(await count('👨‍👩‍👧‍👦'.repeat(300))).toBeLessThanOrEqual(countBytes('👨‍👩‍👧‍👦'.repeat(300)));
  expect(await count('\uD83D'.repeat(600))).toBeLessThanOrEqual(countBytes('\uD83D'.repeat(600)));
});

test('cutting text into pieces changes its count only slightly', async () => {
  const text = 'It is said that nobody knows; 1234 of them do. '.repeat(200);
  const expectedTokens = 200 * (await count('It is said that nobody knows; 1234 of them do. '));
  const tokens = await count(text);
  expect(tokens / expectedTokens).toBeGreaterThan(0.9);
  expect(tokens / expectedTokens).toBeLessThan(1.02);
});

test('a long text is counted in several turns of the event loop', async () => {
  const text = 'What the weather is like there. '.repeat(20_000);
  expect(await countTurns(() => count(text))).toBeGreaterThan(10);
});
