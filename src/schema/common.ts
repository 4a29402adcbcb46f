import type OpenAI from 'openai';
import * as z from 'zod';
import { integerLimit, type CustomRule } from './validation-error.ts';
import { exceedsLength, codePointLength } from './limits.ts';

const rule = (params: CustomRule) => ({ code: 'custom', params }) as const;

/** A string of at most `maximum` characters (code points). */
export const text = (maximum: number) =>
  z
    .string()
    .superRefine((value, context) => {
      if (!exceedsLength(value, maximum)) return;
      context.addIssue(rule({ rule: 'length', length: codePointLength(value), maximum }));
    })
    .meta({ maxLength: maximum });

/** Where the contract has no limit: its thread of 100,000 messages can be sent in 100 requests. */
export const maxItems = 1000;

/** An invalid array is checked up to this many problems, of which the first one is reported. */
const maxIssues = 100;

/**
 * An array of at most `maximum` items. None of an array that is longer are visited. Describe it with
 * `register`: `meta` makes a copy, which visits them.
 */
export function list<Item extends z.ZodType>(item: Item, maximum = maxItems, minimum = 0) {
  const items = z.array(item).max(maximum);
  const schema = minimum === 0 ? items : items.min(minimum);
  const { _zod: internals } = schema;
  const { _zod: itemInternals } = item;
  const run = internals.run.bind(internals);
  // zod checks the length after it has visited all items, however many of them are invalid.
  internals.run = (payload, context) => {
    const { value, issues } = payload;
    if (!Array.isArray(value) || value.length === 0) return run(payload, context);
    if (value.length > maximum) {
      const limit = { code: 'too_big', origin: 'array', maximum, inclusive: true } as const;
      issues.push({ ...limit, input: value, inst: schema });
      return payload;
    }
    const parsed: unknown[] = [];
    for (const [index, element] of value.entries()) {
      const result = itemInternals.run({ value: element, issues: [] }, context);
      if (result instanceof Promise) throw new Error('the schemas here are synchronous');
      issues.push(...z.util.prefixIssues(index, result.issues));
      parsed.push(result.value);
      if (issues.length >= maxIssues) break;
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the items are those of the schema
    payload.value = parsed as z.output<Item>[];
    return payload;
  };
  return schema;
}

/** An integer between two bounds, both inclusive. */
export const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) => {
  const atLeast = z.int(integerLimit).min(minimum, integerLimit);
  return maximum === Number.MAX_SAFE_INTEGER ? atLeast : atLeast.max(maximum, integerLimit);
};

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Any JSON object, unchanged: a zod record would drop keys such as `__proto__`. */
export const jsonObject = z.custom<Record<string, unknown>>(isObject).meta({ type: 'object' });

/*
 * `listing` in a schema's meta is what tools list instead of it: an object has to name properties
 * there, even if it takes any.
 */
const listedString = { type: 'string' };

/** The JSON Schema of an object, unchanged. */
export const jsonSchemaObject = jsonObject.meta({
  type: 'object',
  listing: {
    type: 'object',
    description: 'JSON Schema of an object',
    properties: {
      type: listedString,
      properties: {
        type: 'object',
        properties: { any_name: { type: 'object', properties: { type: listedString } } },
      },
    },
  },
});

/** Limits of metadata: pairs, and characters of a key and a value. */
export const maxPairs = 16;
export const maxKeyLength = 64;
export const maxValueLength = 512;

/** Adds the problems of pairs: too many, or with keys or values that are too long or not `expected`. */
const checkPairs =
  (expected: string, isAllowed: (value: unknown) => boolean) =>
  (pairs: Record<string, unknown>, context: z.RefinementCtx): void => {
    const keys = Object.keys(pairs);
    if (keys.length > maxPairs) {
      return context.addIssue(rule({ rule: 'pairs', count: keys.length, maximum: maxPairs }));
    }
    for (const key of keys) {
      const value = pairs[key];
      if (exceedsLength(key, maxKeyLength)) {
        context.addIssue(rule({ rule: 'key', key, maximum: maxKeyLength }));
      } else if (!isAllowed(value)) {
        context.addIssue({ ...rule({ rule: 'type', expected }), path: [key], input: value });
      } else if (typeof value === 'string' && exceedsLength(value, maxValueLength)) {
        const length = codePointLength(value);
        const params = { rule: 'length', length, maximum: maxValueLength } as const;
        context.addIssue({ ...rule(params), path: [key] });
      }
    }
  };

const listedPairs = {
  type: 'object',
  listing: {
    type: 'object',
    description: 'Pairs of strings',
    properties: { any_name: listedString },
  },
};

/** Up to 16 pairs of strings attached to an object (contract §3.2). */
export const metadata = z
  .custom<Record<string, string>>(isObject)
  .superRefine(checkPairs('a string', (value) => typeof value === 'string'))
  .meta(listedPairs)
  .nullable()
  .exactOptional();

const isAttribute = (value: unknown): boolean =>
  ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);

/** Up to 16 pairs of a file in a vector store, which searches filter by. */
export const attributes = z
  .custom<Record<string, string | number | boolean>>(isObject)
  .superRefine(checkPairs('one of a string, a decimal number or a boolean', isAttribute))
  .meta(listedPairs)
  .nullable();

/** The default `limit` of a list (contract §3.1). */
export const defaultPageSize = 20;

/** Paging parameters of a list (contract §3.1). Lists are ordered by creation time, newest first by default. */
export const listQuery = {
  limit: integer(1, 100).exactOptional().meta({ description: 'Default 20' }),
  order: z
    .enum(['asc', 'desc'])
    .exactOptional()
    .meta({ description: 'By creation; default desc: newest first' }),
  after: z.string().exactOptional().meta({ description: 'last_id, for the next page' }),
  before: z.string().exactOptional().meta({ description: 'first_id, for the page before' }),
};

/** Optional fields to include; there is only one (contract §4.4). */
export const include = list(z.enum(['step_details.tool_calls[*].file_search.results[*].content']))
  .exactOptional()
  .meta({ description: 'Texts that file_search has found' });

/** Whether an id is safe as a URL path segment. Its form is free because imported objects keep their ids. */
export const isPathId = (id: string): boolean => !['', '.', '..'].includes(id) && id.isWellFormed();

/** An id in a path. */
export const pathId = (prefix: string) =>
  z.string().superRefine((value, context) => {
    if (!isPathId(value)) {
      context.addIssue({ ...rule({ rule: 'id', prefix }), input: value });
    }
  });

export const threadId = pathId('thread');
export const runId = pathId('run');
export const stepId = pathId('step');
export const messageId = pathId('msg');
export const assistantId = pathId('asst');
export const fileId = pathId('file');
export const vectorStoreId = pathId('vs');

export const model = z.string().min(1);
export const instructions = text(256_000).nullable().exactOptional();
export const temperature = z.number().min(0).max(2).nullable().exactOptional();
export const topP = z.number().min(0).max(1).nullable().exactOptional();
export const reasoningEffort = z
  .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
  .nullable()
  .exactOptional();

/** When something was created: Unix seconds, from one to before the other. */
export const period = {
  created_after: integer(0).exactOptional(),
  created_before: integer(0).exactOptional(),
};

export const runStatus = z.enum([
  'queued',
  'in_progress',
  'requires_action',
  'cancelling',
  'cancelled',
  'failed',
  'completed',
  'incomplete',
  'expired',
]) satisfies z.ZodType<OpenAI.Beta.Threads.RunStatus>;
