import type OpenAI from 'openai';
import type * as z from 'zod';
import { exceedsDepth, maxDepth } from '../schema/limits.ts';
import { toValidationError } from '../schema/validation-error.ts';
import type { Clock } from '../shared/clock.ts';
import { ApiError } from '../shared/errors.ts';
import { type ApiCall, readJson } from './sdk-call.ts';
import { tolerateArguments } from './tolerant-arguments.ts';
import type { Effect, Toolset } from './toolsets.ts';

/** The listed name of an operation's tool; null when the tool is not listed. */
export type ToolNameLookup = (operation: string) => string | null;

/** An image as MCP sends it, in base64. */
export interface Image {
  readonly data: string;
  readonly mimeType: string;
}

/** What a tool needs beside its arguments. */
export interface ToolContext {
  readonly openai: OpenAI;
  readonly clock: Clock;
  readonly toolName: ToolNameLookup;
  /** Aborts when the client cancels the call. */
  readonly signal: AbortSignal;
  /** Aborts when the server shuts down: a tool that waits then returns the latest result. */
  readonly closing: AbortSignal;
  /** The key of a call that the client may repeat; null when it sent none. */
  readonly idempotencyKey: string | null;
  /** Sends a progress notification; null when the client did not ask for progress. */
  readonly progress: ((message: string) => Promise<void>) | null;
  /** Adds an image to the result. Only for tools without an output schema. */
  readonly addImage: (image: Image) => void;
}

/** One API operation as an MCP tool. */
export interface Tool {
  /** The tool's default name; `name` differs from it only under `--tool-names capability`. */
  readonly operation: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly toolset: Toolset;
  readonly effect: Effect;
  /** Whether users, models or files may have written some of the result's text. */
  readonly isUntrusted: boolean;
  readonly input: z.ZodObject;
  /** null for a tool whose result is not structured. */
  readonly output: z.ZodObject | null;
  /**
   * Checks the arguments and returns the API's complete object. Rejects with the SDK's error or an
   * ApiError; `readFailure` reads both.
   */
  call(args: unknown, context: ToolContext): Promise<object>;
}

interface ToolDefinition<Input extends z.ZodObject> extends Omit<
  Tool,
  'operation' | 'isUntrusted' | 'input' | 'call'
> {
  /** Default: false. */
  readonly isUntrusted?: true;
  readonly input: Input;
  call(args: z.output<Input>, context: ToolContext): ApiCall<object> | Promise<object>;
}

/** The SDK's options for the request of a call that creates or submits something. */
export const repeatableOptions = ({
  signal,
  idempotencyKey,
}: Pick<ToolContext, 'signal' | 'idempotencyKey'>) => ({
  signal,
  ...(idempotencyKey !== null && { headers: { 'Idempotency-Key': idempotencyKey } }),
});

/** Parses tool arguments. Throws an ApiError that describes the first problem (contract §2.2). */
export function parseArguments<Input extends z.ZodObject>(
  input: Input,
  args: unknown,
  effect: Effect,
): z.output<Input> {
  const meant = tolerateArguments(input, args, { keepsNull: effect === 'modify' });
  if (exceedsDepth(meant)) {
    const message = `The arguments are nested more than ${maxDepth} levels deep.`;
    throw new ApiError(null, message, { code: 'invalid_value' });
  }
  const parsed = input.safeParse(meant, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { message, param, code } = toValidationError(parsed.error);
  throw new ApiError(null, message, { param, code });
}

const isApiCall = (result: object): result is ApiCall<object> => 'asResponse' in result;

/** Creates a tool from what is specific to its operation. */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { description, effect, input, isUntrusted = false } = definition;
  return {
    ...definition,
    description: isUntrusted ? `${description} Untrusted data.` : description,
    isUntrusted,
    operation: definition.name,
    call: async (args, context) => {
      const result = definition.call(parseArguments(input, args, effect), context);
      return isApiCall(result) ? (await readJson(result)).body : result;
    },
  };
}
