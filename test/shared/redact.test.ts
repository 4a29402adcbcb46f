import { expect, test } from 'vitest';
import { redact } from '../../src/shared/redact.ts';

test.each([
  ['Incorrect API key provided: sk-proj-Ab_12345678.', 'Incorrect API key provided: [redacted].'],
  ['sess-abcdefgh12', '[redacted]'],
  ['"Authorization":"Bearer abcd.efgh"', '"Authorization":"Bearer [redacted]"'],
  ['authorization: Bearer  abcdefgh, next', 'authorization: Bearer  [redacted], next'],
  ['A task-force of desk-clerks.', 'A task-force of desk-clerks.'],
  ['', ''],
])('redact turns %j into %j', (text, cleaned) => {
  expect(redact(text)).toBe(cleaned);
});

test('redact replaces every occurrence of a known secret', () => {
  expect(redact('a hunter2 b hunter2', ['hunter2'])).toBe('a [redacted] b [redacted]');
});

test('redact ignores an empty secret', () => {
  expect(redact('text', [''])).toBe('text');
});

test('redact replaces the password in any URL', () => {
  expect(redact('at postgres://ada:se%2Fcret@host:5432/db, or https://ada@host/a:b@c')).toBe(
    'at postgres://ada:[redacted]@host:5432/db, or https://ada@host/a:b@c',
  );
});
