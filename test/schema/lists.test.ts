import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { list, maxItems } from '../../src/schema/common.ts';
import { createMessage } from '../../src/schema/message.ts';
import { createRun, submitToolOutputs } from '../../src/schema/run.ts';
import { createThread } from '../../src/schema/thread.ts';
import { toValidationError } from '../../src/schema/validation-error.ts';

/** An array of objects without fields, and how many of them were read. */
function countedItems(length: number) {
  const read = new Set<PropertyKey>();
  const items = new Proxy(
    Array.from({ length }, () => ({})),
    {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/u.test(key)) read.add(key);
        return Reflect.get(target, key, receiver);
      },
    },
  );
  return { items, read };
}

const errorOf = (schema: z.ZodType, value: unknown) => {
  const { error } = schema.safeParse(value, { reportInput: true });
  return error === undefined ? null : toValidationError(error);
};

const tooLong = (name: string, length: number) => ({
  message: `Invalid '${name}': array too long. Expected an array with maximum length ${maxItems}, but got an array with length ${length} instead.`,
  param: name,
  code: 'array_above_max_length',
});

const run = { assistant_id: 'asst_1' };
const message = { role: 'user', content: 'Hello.' };

describe.each([
  ['messages', createThread, (messages: unknown) => ({ messages })],
  ['content', createMessage, (content: unknown) => ({ ...message, content })],
  ['attachments', createMessage, (attachments: unknown) => ({ ...message, attachments })],
  ['additional_messages', createRun, (items: unknown) => ({ ...run, additional_messages: items })],
  ['tool_outputs', submitToolOutputs, (tool_outputs: unknown) => ({ tool_outputs })],
])('%s', (name, schema, toBody) => {
  test('that are too many are rejected without reading one of them', () => {
    const { items, read } = countedItems(maxItems + 1);
    expect(errorOf(schema, toBody(items))).toEqual(tooLong(name, maxItems + 1));
    expect(read.size).toBe(0);
  });

  test('are read only until there are enough problems to report the first one', () => {
    const { items, read } = countedItems(maxItems);
    expect(errorOf(schema, toBody(items))?.param).toContain(`${name}[0]`);
    expect(read.size).toBeLessThanOrEqual(100);
  });
});

test('a list has as many items as allowed, and at least the minimum', () => {
  const schema = list(z.string(), 3, 1);
  expect(schema.parse(['a', 'b', 'c'])).toEqual(['a', 'b', 'c']);
  expect(errorOf(schema, [])?.code).toBe('empty_array');
  expect(errorOf(schema, ['a', 'b', 'c', 'd'])?.code).toBe('array_above_max_length');
  expect(errorOf(z.object({ schema }), { schema: ['a', 1] })?.param).toBe('schema[1]');
  expect(errorOf(z.object({ schema }), { schema: 'a' })?.code).toBe('invalid_type');
});
