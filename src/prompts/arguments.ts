import * as z from 'zod';
import { isJsonObject } from '../shared/json.ts';
import { ApiError } from '../shared/errors.ts';
import { parseArguments } from '../tools/tool.ts';

/** Hosts send numbers as such, and null for what was left empty. */
function readableArguments(args: unknown): unknown {
  if (args === undefined || args === null) return {};
  if (!isJsonObject(args)) return args;
  const entries = Object.entries(args).filter(([, value]) => value !== null);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'number' ? `${value}` : value]),
  );
}

/**
 * The arguments of a prompt, without white space around them. Throws an ApiError that names the first
 * one that is missing, empty, unknown or no text.
 */
export function parsePromptArguments<Name extends string>(
  names: readonly Name[],
  args: unknown,
): Readonly<Record<Name, string>> {
  const shape = Object.fromEntries(names.map((name) => [name, z.string()]));
  const parsed = parseArguments(z.strictObject(shape), readableArguments(args));
  const values = names.map((name) => [name, `${parsed[name]}`.trim()] as const);
  // Some hosts send an empty text for what they did not ask their user for.
  const empty = values.find(([, value]) => value === '');
  if (empty !== undefined) {
    const [param] = empty;
    throw new ApiError(null, `Missing required parameter: '${param}'.`, {
      param,
      code: 'missing_required_parameter',
    });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the entries are those of `names`
  return Object.fromEntries(values) as Record<Name, string>;
}
