import type { Context } from 'hono';
import type * as z from 'zod';
import { maxDepth } from '../../schema/limits.ts';
import { omitUnset } from '../../schema/omit-unset.ts';
import { toValidationError } from '../../schema/validation-error.ts';
import { JsonError, JsonReader, maxJsonBytes, maxJsonValues } from '../../shared/json-reader.ts';
import { JsonRequest } from '../../shared/json-request.ts';
import { exceedsDepth } from '../../shared/json.ts';
import { yieldToOthers } from '../../shared/clock.ts';
import type { ApiError } from '../../shared/errors.ts';
import { errors } from './errors.ts';

function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw errors.invalid(toValidationError(result.error));
}

async function readValue({ req }: Context): Promise<unknown> {
  if (req.raw instanceof JsonRequest) return req.raw.readJson();
  const reader = new JsonReader();
  reader.add(new Uint8Array(await req.arrayBuffer()));
  return reader.finish();
}

function jsonError({ problem }: JsonError): ApiError {
  switch (problem) {
    case 'invalid':
    case 'not UTF-8':
      return errors.invalidJson();
    case 'too deep':
      return errors.jsonTooDeep(maxDepth);
    case 'too large':
      return errors.jsonTooLarge(maxJsonBytes);
    case 'too many values':
      return errors.jsonTooManyValues(maxJsonValues);
  }
}

async function readJson(context: Context): Promise<unknown> {
  try {
    const value = await readValue(context);
    if (exceedsDepth(value, maxDepth)) throw errors.jsonTooDeep(maxDepth);
    // Clients send an empty body or null where every field is optional (contract §11).
    return value ?? {};
  } catch (error) {
    throw error instanceof JsonError ? jsonError(error) : error;
  }
}

/** The request's JSON body; throws the API's error for the first invalid field. */
export async function parseBody<T>(context: Context, schema: z.ZodType<T>): Promise<T> {
  const value = await readJson(context);
  await yieldToOthers();
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  await yieldToOthers();
  return validate(schema, omitUnset(schema, value));
}

const numericParameters = new Set(['limit', 'created_after', 'created_before', 'interval']);

/** Converts a numeric query value for its schema. */
const coerceQueryValue = (key: string, text: string): unknown =>
  numericParameters.has(key) && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;

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
