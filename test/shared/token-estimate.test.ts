import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { expect, test } from 'vitest';
import { estimateTokens } from '../../src/shared/token-estimate.ts';
import { textKinds } from '../support/texts.ts';

test.each(Object.entries(textKinds))(
  'the estimate for %s is hardly below what the tokenizer counts',
  (_, create) => {
    const text = JSON.stringify(create(4000));
    expect(estimateTokens(text)).toBeGreaterThan(countTokens(text) * 0.84);
  },
);

test.each(['English', 'code', 'JSON', 'base64', 'Chinese', 'Korean'])(
  'the estimate for %s is not far above it',
  (kind) => {
    const text = textKinds[kind]?.(4000) ?? '';
    expect(estimateTokens(text)).toBeLessThan(countTokens(text) * 1.45);
  },
);

test('an empty text has no tokens', () => {
  expect(estimateTokens('')).toBe(0);
});
