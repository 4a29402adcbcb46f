import type * as z from 'zod';
import { codePointLength } from './limits.ts';

/** One invalid field, in the API's own wording (contract §2.2, rows 9–26). */
export interface ValidationError {
  readonly message: string;
  /** Path of the field, such as `tools[0].function.name`; null for the body itself. */
  readonly param: string | null;
  readonly code: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];
type TooLong = z.core.$ZodIssueTooBig;
type TooShort = z.core.$ZodIssueTooSmall;

const quoteList = (values: readonly unknown[]): string => {
  const words = values.map((value) => `'${String(value)}'`);
  if (words.length < 3) return words.join(' and ');
  return `${words.slice(0, -1).join(', ')}, and ${words.at(-1)}`;
};

/** Formats a path as the API does: `tools[0].function.name`. */
const fieldPath = (path: Path): string =>
  path
    .map((key, index) =>
      typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`,
    )
    .join('');

/** JSON can contain numbers that parse as infinite. */
function numberType(value: number): string {
  if (!Number.isFinite(value)) return 'a number that is too large';
  return Number.isInteger(value) ? 'an integer' : 'a decimal number';
}

/** The type of a JSON value in the API's words: "a boolean" in "but got a boolean instead". */
export function typeWord(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return numberType(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

const typeNames: Record<string, string> = {
  array: 'an array',
  boolean: 'a boolean',
  int: 'an integer',
  number: 'a decimal number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
};

const expectedType = ({ expected, message }: z.core.$ZodIssueInvalidType): string =>
  typeNames[message === integerLimit ? 'int' : expected] ?? expected;

const wrongType = (path: Path, expected: string, got: unknown): ValidationError => ({
  message:
    path.length === 0
      ? `Invalid type: expected ${expected}, but got ${typeWord(got)} instead.`
      : `Invalid type for '${fieldPath(path)}': expected ${expected}, but got ${typeWord(got)} instead.`,
  param: path.length === 0 ? null : fieldPath(path),
  code: 'invalid_type',
});

const missing = (path: Path): ValidationError => ({
  message: `Missing required parameter: '${fieldPath(path)}'.`,
  param: fieldPath(path),
  code: 'missing_required_parameter',
});

/** A value that is not in an enumeration (rows 15 and 16), or is not of its type. */
function unsupported(path: Path, value: unknown, supported: readonly unknown[]): ValidationError {
  if (typeof value !== typeof supported[0]) {
    return wrongType(path, typeNames[typeof supported[0]] ?? 'a string', value);
  }
  return {
    message: `Invalid value: '${String(value)}'. Supported values are: ${quoteList(supported)}.`,
    param: fieldPath(path),
    code: 'invalid_value',
  };
}

/** A string above its maximum length (rows 18, 20 and 21). */
const stringTooLong = (path: Path, maximum: number, length: number): ValidationError => ({
  message: `Invalid '${fieldPath(path)}': string too long. Expected a string with maximum length ${maximum}, but got a string with length ${length} instead.`,
  param: fieldPath(path),
  code: 'string_above_max_length',
});

/** Marks issues of integers: a zod issue does not say whether its number is an integer. */
export const integerLimit = 'integer';

function wrongLength(issue: TooLong | TooShort, path: Path, size: number): ValidationError {
  const name = fieldPath(path);
  if (issue.code === 'too_big') {
    const limit = Number(issue.maximum);
    if (issue.origin === 'string') return stringTooLong(path, limit, size);
    return {
      message: `Invalid '${name}': array too long. Expected an array with maximum length ${limit}, but got an array with length ${size} instead.`,
      param: name,
      code: 'array_above_max_length',
    };
  }
  const [article, kind] = issue.origin === 'string' ? ['a', 'string'] : ['an', 'array'];
  return {
    message: `Invalid '${name}': empty ${kind}. Expected ${article} ${kind} with minimum length ${Number(issue.minimum)}, but got an empty ${kind} instead.`,
    param: name,
    code: `empty_${kind}`,
  };
}

function outOfRange(issue: TooLong | TooShort, path: Path): ValidationError {
  const { input } = issue;
  if (typeof input === 'string' || Array.isArray(input)) {
    return wrongLength(issue, path, input.length);
  }
  const kind = issue.message === integerLimit ? 'integer' : 'decimal';
  const name = fieldPath(path);
  const [edge, bound, code] =
    issue.code === 'too_big'
      ? ['above maximum', `<= ${issue.maximum}`, 'above_max']
      : ['below minimum', `>= ${issue.minimum}`, 'below_min'];
  return {
    message: `Invalid '${name}': ${kind} ${edge} value. Expected a value ${bound}, but got ${String(input)} instead.`,
    param: name,
    code: `${kind}_${code}_value`,
  };
}

/** Whether a union branch failed on the type of the value, not on its content. */
const isTypeMismatch = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' ||
    (issue.code === 'invalid_value' && typeof issue.input !== typeof issue.values[0]));

const branchType = ([issue]: readonly Issue[]): string => {
  if (issue?.code === 'invalid_type') return expectedType(issue);
  return 'a string';
};

function describeUnion(issue: z.core.$ZodIssueInvalidUnion, path: Path): ValidationError {
  if (issue.discriminator !== undefined) {
    const discriminator = path.at(-1) ?? '';
    const value: unknown = Reflect.get(Object(issue.input), discriminator);
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
    return value === undefined ? missing(path) : unsupported(path, value, options);
  }
  const matchingBranch = issue.errors.find((issues) => !issues.some(isTypeMismatch));
  const inner = matchingBranch === undefined ? undefined : firstIssue(matchingBranch);
  if (inner !== undefined) return describeIssue(inner, [...path, ...inner.path]);
  const types = issue.errors.map((issues) => branchType(issues));
  return wrongType(path, `one of ${types.join(' or ')}`, issue.input);
}

/** Describes one zod issue; `path` starts at the body. */
function describeIssue(issue: Issue, path: Path): ValidationError {
  if (isMissing(issue)) return missing(path);
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(path, expectedType(issue), issue.input);
    case 'unrecognized_keys': {
      const name = fieldPath([...path, issue.keys[0] ?? '']);
      return { message: `Unknown parameter: '${name}'.`, param: name, code: 'unknown_parameter' };
    }
    case 'invalid_value':
      return unsupported(path, issue.input, issue.values);
    case 'too_big':
    case 'too_small':
      return outOfRange(issue, path);
    case 'invalid_union':
      return describeUnion(issue, path);
    case 'custom':
      return isCustomRule(issue.params)
        ? describeRule(issue.params, path, issue.input)
        : wrongType(path, 'an object', issue.input);
    case 'invalid_format':
      return {
        message: `Invalid '${fieldPath(path)}': string does not match pattern. Expected a string that matches the pattern '${issue.pattern?.replaceAll(/^\/|\/[a-z]*$/gu, '') ?? ''}'.`,
        param: fieldPath(path),
        code: 'invalid_value',
      };
    case 'invalid_element':
    case 'invalid_key':
    case 'not_multiple_of':
      throw new Error(`no schema here raises '${issue.code}'`);
  }
}

/** An id of the wrong form (rows 9 to 11). */
export const malformedId = (name: string, value: string, prefix: string): ValidationError => ({
  message: `Invalid '${name}': '${value}'. Expected an ID that begins with '${prefix}'.`,
  param: name,
  code: 'invalid_value',
});

/** The `params` of issues that the checks in `common.ts` raise. */
export type CustomRule =
  | { readonly rule: 'id'; readonly prefix: string }
  | { readonly rule: 'type'; readonly expected: string }
  | { readonly rule: 'pairs'; readonly count: number; readonly maximum: number }
  | { readonly rule: 'key'; readonly key: string; readonly maximum: number }
  | { readonly rule: 'length'; readonly length: number; readonly maximum: number };

function describeRule(params: CustomRule, path: Path, input: unknown): ValidationError {
  const name = fieldPath(path);
  switch (params.rule) {
    case 'id':
      return malformedId(name, String(input), params.prefix);
    case 'type':
      return wrongType(path, params.expected, input);
    case 'pairs':
      return {
        message: `Invalid '${name}': too many properties. Expected an object with at most ${params.maximum} properties, but got an object with ${params.count} properties instead.`,
        param: name,
        code: 'object_above_max_properties',
      };
    case 'key':
      return {
        message: `Invalid property name in '${name}': '${params.key.slice(0, 3)}...${params.key.slice(-3)}' is too long. Expected a string with maximum length ${params.maximum}, but got a string with length ${codePointLength(params.key)} instead.`,
        param: name,
        code: 'property_name_above_max_length',
      };
    case 'length':
      return stringTooLong(path, params.maximum, params.length);
  }
}

const isCustomRule = (params: object | undefined): params is CustomRule =>
  params !== undefined && 'rule' in params;

const isMissing = (issue: Issue): boolean =>
  issue.input === undefined &&
  (issue.code === 'invalid_type' ||
    issue.code === 'invalid_union' ||
    issue.code === 'invalid_value' ||
    issue.code === 'custom');

const isBound = ({ code }: Issue): boolean => code === 'too_big' || code === 'too_small';

/** The last bound that a value exceeds: zod's own wider bounds of integers come first. */
const tightestBound = (issues: readonly Issue[]): Issue | undefined => {
  const [first] = issues;
  if (first === undefined || !isBound(first)) return first;
  const name = fieldPath(first.path);
  return issues.findLast((issue) => isBound(issue) && fieldPath(issue.path) === name);
};

const firstIssue = (issues: readonly Issue[]): Issue | undefined =>
  issues.find(isMissing) ??
  issues.find((issue) => issue.code === 'unrecognized_keys') ??
  tightestBound(issues);

/**
 * Describes the first problem of an invalid value: missing fields come before unknown fields, which
 * come before all others (contract §2.2, order of checks). Requires parsing with `reportInput`.
 */
export function toValidationError(error: z.ZodError): ValidationError {
  const issue = firstIssue(error.issues);
  if (issue === undefined) throw new Error('an invalid value has at least one issue');
  return describeIssue(issue, issue.path);
}
