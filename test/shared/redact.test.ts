import { describe, expect, test } from 'vitest';
import { isSecret, redact, redactedExcerpt } from '../../src/shared/redact.ts';

test.each([
  ['Incorrect API key provided: sk-proj-Ab_12345678.', 'Incorrect API key provided: [redacted].'],
  ['sess-abcdefgh12', '[redacted]'],
  ['"Authorization":"Bearer abcd.efgh"', '"Authorization":"Bearer [redacted]"'],
  ['authorization: Bearer  abcdefgh, next', 'authorization: Bearer  [redacted], next'],
  ['Bearer Bearer abcdefgh', 'Bearer Bearer [redacted]'],
  ['Bearer sk-abcdefgh12.signature', 'Bearer [redacted]'],
  ['A task-force of desk-clerks.', 'A task-force of desk-clerks.'],
  ['The Bearer of it', 'The Bearer of it'],
  ['', ''],
])('redact turns %j into %j', (text, cleaned) => {
  expect(redact(text)).toBe(cleaned);
});

test('redact replaces every occurrence of a known secret', () => {
  expect(redact('a hunter22 b hunter22', ['hunter22'])).toBe('a [redacted] b [redacted]');
});

test('redact replaces a secret that contains another one as a whole', () => {
  expect(redact('a hunter22-long b', ['hunter22', 'hunter22-long'])).toBe('a [redacted] b');
});

test('redact ignores an empty secret', () => {
  expect(redact('text', [''])).toBe('text');
});

test('redact replaces the password in any URL', () => {
  expect(redact('at postgres://ada:se%2Fcret@host:5432/db, or https://ada@host/a:b@c')).toBe(
    'at postgres://ada:[redacted]@host:5432/db, or https://ada@host/a:b@c',
  );
});

test('redact replaces a key that is the user name of a URL', () => {
  expect(redact('HTTPS://sk-abcdefgh12:secret@host')).toBe('HTTPS://[redacted]:[redacted]@host');
});

describe('a placeholder for a key', () => {
  test.each([
    ['x', "No thread found with id 'thread_xyx'. Extra text, x."],
    ['1', 'HTTP 401: gpt-4.1 expects 1 message, not 11.'],
    ['none', 'Expected one of: auto, none, required.'],
    ['local', 'The model local-model is not local; see thread_local.'],
    ['ollama', 'ollama: model "llama3" not found, try `ollama pull llama3`.'],
    ['llama3', 'ollama: model "llama3" not found, try `ollama pull llama3`.'],
    ['lm-studio', 'Is lm-studio running?'],
    ['not-needed', 'A key is not-needed here.'],
    ['12345678', 'The request 12345678 had 123456789 tokens.'],
  ])('%j leaves ids, words and numbers alone', (secret, text) => {
    expect(redact(text, [secret])).toBe(text);
    expect(isSecret(secret)).toBe(false);
  });

  test.each(['hunter22', 'a1b2c3d4', 'correct-horse-battery', '1234567890123456'])(
    'is no secret such as %j',
    (secret) => {
      expect(redact(`key_${secret}!`, [secret])).toBe('key_[redacted]!');
    },
  );
});

describe('an excerpt', () => {
  test('is the redacted text if that is short enough', () => {
    expect(redactedExcerpt('Key sk-abcdefgh12.', 20)).toBe('Key [redacted].');
  });

  test('has at most the requested length', () => {
    expect(redactedExcerpt('a'.repeat(30), 20)).toBe(`${'a'.repeat(19)}…`);
  });

  test('never ends in half a character', () => {
    expect(redactedExcerpt(`${'a'.repeat(18)}😀😀`, 20)).toBe(`${'a'.repeat(18)}…`);
  });

  test.each(['sk-abcdefghijklmnop', 'Bearer abcdefghijklmnop', 'abcdefghijklmnop'])(
    'shows no part of %s, wherever the text is cut',
    (secret) => {
      for (let start = 65_536 - 24; start <= 65_536; start += 1) {
        const text = `${'. '.repeat(start / 2)}${start % 2 === 0 ? '' : '.'}${secret}, and more`;
        expect(redactedExcerpt(text, 100_000, ['abcdefghijklmnop'])).not.toMatch(/abc|efg/u);
        expect(redactedExcerpt(text.slice(65_000), 530, ['abcdefghijklmnop'])).not.toMatch(
          /abc|efg/u,
        );
      }
    },
  );
});
