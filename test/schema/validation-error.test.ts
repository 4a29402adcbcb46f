import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createAssistant } from '../../src/schema/assistant.ts';
import { integer, jsonObject, threadId } from '../../src/schema/common.ts';
import { toValidationError, malformedId, typeWord } from '../../src/schema/validation-error.ts';
import { createMessage } from '../../src/schema/message.ts';
import { createRun, submitToolOutputs } from '../../src/schema/run.ts';

/** The first error of a schema for an invalid value. */
function firstError(schema: z.ZodType, value: unknown) {
  const { error } = schema.safeParse(value, { reportInput: true });
  if (error === undefined) throw new Error('the value is valid');
  return toValidationError(error);
}

test.each([
  [null, 'null'],
  ['a', 'a string'],
  [{}, 'an object'],
  [[], 'an array'],
  [1, 'an integer'],
  [1.5, 'a decimal number'],
  [Number.POSITIVE_INFINITY, 'a number that is too large'],
  [true, 'a boolean'],
])('typeWord calls %j %s', (value, word) => {
  expect(typeWord(value)).toBe(word);
});

describe('toValidationError', () => {
  test('reports a missing field before an unknown field before an invalid value', () => {
    expect(firstError(createRun, { zzz: 1, temperature: 9 }).code).toBe(
      'missing_required_parameter',
    );
    const params = { assistant_id: 'asst_a', zzz: 1, temperature: 9 };
    expect(firstError(createRun, params).code).toBe('unknown_parameter');
    expect(firstError(createRun, { ...params, zzz: undefined }).param).toBe('zzz');
  });

  test('reports the first of two errors of the same kind', () => {
    const value = { model: 'm', name: 5, description: 6 };
    expect(firstError(createAssistant, value).param).toBe('name');
  });
});

/** Characters of two UTF-16 code units each. */
const emojis = (count: number) => '😀'.repeat(count);

test('lengths count code points', () => {
  const longest = {
    name: emojis(256),
    description: emojis(512),
    metadata: { [emojis(64)]: emojis(512) },
  };
  expect(createAssistant.parse({ model: 'm', ...longest })).toEqual({ model: 'm', ...longest });
  expect(
    firstError(createAssistant, { model: 'm', metadata: { [emojis(65)]: '' } }).message,
  ).toMatch(/maximum length 64, but got a string with length 65 instead/u);
  expect(firstError(createAssistant, { model: 'm', metadata: { a: emojis(513) } }).message).toMatch(
    /maximum length 512, but got a string with length 513 instead/u,
  );
  const content = emojis(256_000);
  expect(createMessage.parse({ role: 'user', content }).content).toBe(content);
});

describe('the error of a union', () => {
  test('names the possible types for a value of another type', () => {
    const { message, param } = firstError(createMessage, { role: 'user', content: 5 });
    expect(message).toBe(
      "Invalid type for 'content': expected one of a string or an array, but got an integer instead.",
    );
    expect(param).toBe('content');
  });

  test('describes the branch that has the value’s type', () => {
    const value = { assistant_id: 'asst_a', tool_choice: { type: 'function', function: {} } };
    expect(firstError(createRun, value)).toEqual({
      message: "Missing required parameter: 'tool_choice.function.name'.",
      param: 'tool_choice.function.name',
      code: 'missing_required_parameter',
    });
  });
});

test.each([
  [{ tool_outputs: [{ tool_call_id: 'call_a', output: {} }] }, 'an object'],
  [{ tool_outputs: [{ tool_call_id: 'call_a', output: null }] }, 'null'],
])('a tool output must be a string: %j', (value, got) => {
  expect(firstError(submitToolOutputs, value)).toEqual({
    message: `Invalid type for 'tool_outputs[0].output': expected a string, but got ${got} instead.`,
    param: 'tool_outputs[0].output',
    code: 'invalid_type',
  });
});

test('integers have bounds and jsonObject rejects other types', () => {
  const schema = z.strictObject({ n: integer(1, 5).optional(), o: jsonObject.optional() });
  expect(firstError(schema, { n: 6 }).code).toBe('integer_above_max_value');
  expect(firstError(schema, { n: 0 }).code).toBe('integer_below_min_value');
  expect(firstError(schema, { n: 1.5 }).code).toBe('invalid_type');
  expect(firstError(schema, { o: 'x' }).message).toBe(
    "Invalid type for 'o': expected an object, but got a string instead.",
  );
  expect(schema.safeParse({ n: 5, o: {} }).success).toBe(true);
});

test.each(['', '.', '..'])('an id cannot be %j, which is not a path segment', (value) => {
  const schema = z.strictObject({ thread_id: threadId });
  expect(firstError(schema, { thread_id: value })).toEqual(
    malformedId('thread_id', value, 'thread'),
  );
});

test('an invalid body has no param', () => {
  expect(firstError(createMessage, 'x')).toEqual({
    message: 'Invalid type: expected an object, but got a string instead.',
    param: null,
    code: 'invalid_type',
  });
});
