import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  JsonError,
  JsonReader,
  maxJsonDepth,
  maxJsonValues,
} from '../../src/shared/json-reader.ts';
import { countTurns } from '../support/turns.ts';

/** Reads a text whose bytes arrive in chunks of a size. */
function read(text: string | Buffer, chunkBytes = 65_536, limits = {}): Promise<unknown> {
  const reader = new JsonReader(limits);
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    reader.add(bytes.subarray(start, start + chunkBytes));
  }
  return reader.finish();
}

const problemOf = (text: string | Buffer, limits = {}): Promise<unknown> =>
  read(text, 65_536, limits).catch((error: unknown) =>
    error instanceof JsonError ? error.problem : error,
  );

const longText = fc
  .tuple(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 900 }),
  )
  .map(([piece, times]) => piece.repeat(times));
const json = fc.oneof(
  fc.jsonValue(),
  fc.array(fc.dictionary(longText, fc.oneof(longText, fc.jsonValue()), { maxKeys: 4 }), {
    maxLength: 4,
  }),
);

test('every value is read as JSON.parse reads it, whatever the size of the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(json, fc.integer({ min: 1, max: 3000 }), async (value, chunkBytes) => {
      const text = JSON.stringify(value);
      expect(await read(text, chunkBytes)).toEqual(JSON.parse(text));
    }),
  );
});

test('text with escapes, two-byte characters and the names of prototypes is unchanged', async () => {
  const text = `{"__proto__":{"${'é\\"\\u00e9😀'.repeat(3000)}":"${'\\\\'.repeat(5000)}"},"a":"\\ud83d"}`;
  for (const chunkBytes of [1, 7, 65_536, 2 ** 24]) {
    const value = await read(text, chunkBytes);
    expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text)));
  }
});

test.each(['{', '[1,]', '"a', 'nonsense', `["${'a'.repeat(5000)}\n"]`, `"${'a'.repeat(5000)}\\x"`])(
  'the text %j is invalid',
  async (text) => {
    expect(await problemOf(text)).toBe('invalid');
  },
);

test.each(['', ' \r\n', '\ufeff'])('the empty text %j has no value', async (text) => {
  expect(await read(text)).toBeUndefined();
});

test('bytes that are not UTF-8 are replaced, or refused where they must be', async () => {
  const short = Buffer.from('"\xff"', 'latin1');
  const long = Buffer.concat([Buffer.from('"'), Buffer.alloc(5000, 0xff), Buffer.from('"')]);
  expect(await read(short)).toBe('\ufffd');
  expect(await read(long)).toBe('\ufffd'.repeat(5000));
  expect(await problemOf(short, { requireUtf8: true })).toBe('not UTF-8');
  expect(await problemOf(long, { requireUtf8: true })).toBe('not UTF-8');
});

describe('a text is refused before it is parsed, so even if it is incomplete,', () => {
  test.each([
    ['an array of too many items', `[${'{},'.repeat(maxJsonValues)}`, 'too many values'],
    ['an object of too many members', `{${'"a":1,'.repeat(maxJsonValues)}`, 'too many values'],
    ['too deep nesting', '['.repeat(maxJsonDepth + 1), 'too deep'],
    ['too much JSON besides long texts', `{${' '.repeat(9 * 2 ** 20)}`, 'too large'],
  ])('with %s', async (_, text, problem) => {
    expect(await problemOf(text)).toBe(problem);
  });

  test('but not with as many values as are allowed', async () => {
    const values = Array.from({ length: maxJsonValues - 2 }, () => 1);
    expect(await read(JSON.stringify(values))).toEqual(values);
  });

  test('nor for brackets and commas within its texts', async () => {
    const text = '[{,'.repeat(maxJsonValues);
    expect(await read(JSON.stringify([text]))).toEqual([text]);
  });
});

test('a large text is read in several turns of the event loop', async () => {
  const bytes = Buffer.from(
    JSON.stringify(['x'.repeat(2 ** 21), ...Array(4000).fill('y'.repeat(500))]),
  );
  const reader = new JsonReader();
  reader.add(bytes);
  expect(await countTurns(() => reader.finish())).toBeGreaterThanOrEqual(4);
});
