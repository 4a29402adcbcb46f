import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createAssistant } from '../../src/schema/assistant.ts';
import { integer, jsonObject, threadId } from '../../src/schema/common.ts';
import { toValidationError, malformedId, typeWord } from '../../src/schema/validation-error.ts';
import { createMessage } from '../../src/schema/message.ts';
import { createRun, submitToolOutputs } from '../../src/schema/run.ts';

/** The problem that a schema finds in a value. */
function problem(schema: z.ZodType, value: unknown) {
  const { error } = schema.safeParse(value, { reportInput: true });
  if (error === undefined) throw new Error('the value was taken');
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
])('%j is %s', (value, word) => {
  expect(typeWord(value)).toBe(word);
});

describe('the first problem, alone', () => {
  test('missing before unknown before wrong', () => {
    expect(problem(createRun, { zzz: 1, temperature: 9 }).code).toBe('missing_required_parameter');
    const rest = { assistant_id: 'asst_a', zzz: 1, temperature: 9 };
    expect(problem(createRun, rest).code).toBe('unknown_parameter');
    expect(problem(createRun, { ...rest, zzz: undefined }).param).toBe('zzz');
  });

  test('of two of a kind the one that comes first', () => {
    const value = { model: 'm', name: 5, description: 6 };
    expect(problem(createAssistant, value).param).toBe('name');
  });
});

/** Characters that take two units each. */
const wide = (count: number) => '😀'.repeat(count);

test('a character is one, whatever it is encoded in', () => {
  const most = { name: wide(256), description: wide(512), metadata: { [wide(64)]: wide(512) } };
  expect(createAssistant.parse({ model: 'm', ...most })).toEqual({ model: 'm', ...most });
  expect(problem(createAssistant, { model: 'm', metadata: { [wide(65)]: '' } }).message).toMatch(
    /maximum length 64, but got a string with length 65 instead/u,
  );
  expect(problem(createAssistant, { model: 'm', metadata: { a: wide(513) } }).message).toMatch(
    /maximum length 512, but got a string with length 513 instead/u,
  );
  const content = wide(256_000);
  expect(createMessage.parse({ role: 'user', content }).content).toBe(content);
});

describe('unions', () => {
  test('of another kind altogether name what is possible', () => {
    const { message, param } = problem(createMessage, { role: 'user', content: 5 });
    expect(message).toBe(
      "Invalid type for 'content': expected one of a string or an array, but got an integer instead.",
    );
    expect(param).toBe('content');
  });

  test('of a known kind say what is wrong inside', () => {
    const value = { assistant_id: 'asst_a', tool_choice: { type: 'function', function: {} } };
    expect(problem(createRun, value)).toEqual({
      message: "Missing required parameter: 'tool_choice.function.name'.",
      param: 'tool_choice.function.name',
      code: 'missing_required_parameter',
    });
  });
});

test.each([
  [{ tool_outputs: [{ tool_call_id: 'call_a', output: {} }] }, 'an object'],
  [{ tool_outputs: [{ tool_call_id: 'call_a', output: null }] }, 'null'],
])('an output is a string, not %j', (value, got) => {
  expect(problem(submitToolOutputs, value)).toEqual({
    message: `Invalid type for 'tool_outputs[0].output': expected a string, but got ${got} instead.`,
    param: 'tool_outputs[0].output',
    code: 'invalid_type',
  });
});

test('integers have bounds, objects are objects', () => {
  const schema = z.strictObject({ n: integer(1, 5).optional(), o: jsonObject.optional() });
  expect(problem(schema, { n: 6 }).code).toBe('integer_above_max_value');
  expect(problem(schema, { n: 0 }).code).toBe('integer_below_min_value');
  expect(problem(schema, { n: 1.5 }).code).toBe('invalid_type');
  expect(problem(schema, { o: 'x' }).message).toBe(
    "Invalid type for 'o': expected an object, but got a string instead.",
  );
  expect(schema.safeParse({ n: 5, o: {} }).success).toBe(true);
});

test.each(['', '.', '..'])('%j is no segment of a path', (value) => {
  const schema = z.strictObject({ thread_id: threadId });
  expect(problem(schema, { thread_id: value })).toEqual(malformedId('thread_id', value, 'thread'));
});

test('a value as a whole has no name', () => {
  expect(problem(createMessage, 'x')).toEqual({
    message: 'Invalid type: expected an object, but got a string instead.',
    param: null,
    code: 'invalid_type',
  });
});
