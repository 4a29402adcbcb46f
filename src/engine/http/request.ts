import type { Context } from 'hono';
import type * as z from 'zod';
import { maxDepth, exceedsDepth } from '../../schema/limits.ts';
import { toValidationError } from '../../schema/validation-error.ts';
import { errors } from './errors.ts';

function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw errors.invalid(toValidationError(result.error));
}

function parseJson(text: string): unknown {
  // Clients send an empty body where every field is optional (contract §11).
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw errors.invalidJson();
  }
  if (exceedsDepth(value)) throw errors.jsonTooDeep(maxDepth);
  return value;
}

/** The request's JSON body; throws the API's error for the first invalid field. */
export async function parseBody<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  return validate(schema, parseJson(await context.req.text()));
}

/** Converts a numeric query value for its schema. */
const coerceQueryValue = (key: string, text: string): unknown =>
  key === 'limit' && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;

/**
 * The request's query. Unknown parameters are ignored (contract §11), and so are empty ones, which
 * forms send. `include[]`, `include[0]` and a repeated `include` all add to one list.
 */
export function parseQuery<T>(context: Context, schema: z.ZodType<T>): T {
  const query: Record<string, unknown> = {};
  const include: string[] = [];
  for (const [name, text] of new URL(context.req.url).searchParams) {
    if (text === '') continue;
    if (/^include(\[\d*\])?$/.test(name)) include.push(text);
    else query[name] = coerceQueryValue(name, text);
  }
  if (include.length > 0) query['include'] = include;
  return validate(schema, query);
}
