import { APIError } from 'openai';
import { exceedsDepth } from '../../shared/json.ts';
import { ModelFailure } from './model.ts';

/** What the endpoint's fault is, as the run's error. It is not retried: the answer would be the same. */
export const malformedAnswer = (what: string): ModelFailure =>
  new ModelFailure('server_error', `The model endpoint sent ${what}.`);

/** Writing deeper JSON would overflow the stack. */
const maxDepth = 256;

/** Parses an answer of the endpoint; `what` names it in the error, such as `an event`. */
export function parseAnswer(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedAnswer(`${what} that is not JSON`);
  }
  if (exceedsDepth(value, maxDepth)) throw malformedAnswer(`${what} that is nested too deeply`);
  return value;
}

/**
 * The type that a value must have if it is present: a list of one type, an object with some fields of
 * known types, or a function that chooses by the value.
 */
export type Shape =
  | 'string'
  | 'number'
  /** The position in a list. */
  | 'index'
  | readonly [Shape]
  | { readonly [field: string]: Shape }
  | ((value: unknown) => Shape);

const isList = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape);

/** Beyond any answer: lists are filled up to an index. */
const maxIndex = 9999;

const typeOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' ? 'object' : typeof value;
};

const article = (type: string): string => (type === 'object' ? 'an object' : `a ${type}`);

function wrongType(value: unknown, path: string, expected: string): ModelFailure {
  const name = path === '' ? 'an event' : `'${path}'`;
  return malformedAnswer(`${name} as ${article(typeOf(value))}; it must be ${article(expected)}`);
}

function checkIndex(value: unknown, path: string): unknown {
  if (typeof value !== 'number') throw wrongType(value, path, 'number');
  if (Number.isInteger(value) && value >= 0 && value <= maxIndex) return value;
  throw malformedAnswer(`'${path}' as ${value}; it must be a whole number up to ${maxIndex}`);
}

function checkFields(
  value: unknown,
  shape: { readonly [field: string]: Shape },
  path: string,
): unknown {
  if (typeOf(value) !== 'object') throw wrongType(value, path, 'object');
  const fields: Readonly<Record<string, unknown>> = Object(value);
  let changed: Record<string, unknown> | null = null;
  for (const [name, fieldShape] of Object.entries(shape)) {
    if (!Object.hasOwn(fields, name)) continue;
    const field = fields[name];
    const checked = checkShape(field, fieldShape, path === '' ? name : `${path}.${name}`);
    if (checked === field) continue;
    changed ??= { ...fields };
    changed[name] = checked;
  }
  return changed ?? fields;
}

/**
 * Returns the value without the null items of its lists; anything else may be null or missing. Throws a
 * `ModelFailure` that names the first part with a wrong type.
 */
export function checkShape(value: unknown, shape: Shape, path = ''): unknown {
  if (value === null || value === undefined) return value;
  if (typeof shape === 'function') return checkShape(value, shape(value), path);
  if (isList(shape)) {
    if (!Array.isArray(value)) throw wrongType(value, path, 'list');
    return value.flatMap((item: unknown, index) =>
      item === null ? [] : [checkShape(item, shape[0], `${path}[${index}]`)],
    );
  }
  if (shape === 'index') return checkIndex(value, path);
  if (typeof shape === 'object') return checkFields(value, shape, path);
  if (typeof value !== shape) throw wrongType(value, path, shape);
  return value;
}

/**
 * Turns whatever else is thrown while an answer is processed into the endpoint's fault. The error
 * itself is the cause, for the log: it may be a bug of ours.
 */
export function* blameEndpoint<T>(events: Iterable<T>): Generator<T> {
  try {
    yield* events;
  } catch (error) {
    if (error instanceof ModelFailure || error instanceof APIError) throw error;
    const failure = malformedAnswer('an answer that this program cannot process');
    failure.cause = error;
    throw failure;
  }
}
