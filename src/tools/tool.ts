import type OpenAI from 'openai';
import * as z from 'zod';
import { maxDepth } from '../schema/limits.ts';
import { exceedsDepth } from '../shared/json.ts';
import { toValidationError } from '../schema/validation-error.ts';
import { type Clock, yieldToOthers } from '../shared/clock.ts';
import { ApiError } from '../shared/errors.ts';
import { compactObject } from './compact-object.ts';
import type { Compact } from './compact-result.ts';
import { confirmDeletion, type Deletion } from './confirm-deletion.ts';
import type { Person } from './person.ts';
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

/** A call whose run goes on after the call, as MCP describes it. */
export interface RunTask {
  readonly taskId: string;
  readonly status: 'working' | 'completed' | 'cancelled';
  readonly statusMessage: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  /** A run is kept until its thread is deleted. */
  readonly ttlMs: null;
  readonly pollIntervalMs: number;
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
  /** null when the client cannot show the person a form. */
  readonly person: Person | null;
  /** Adds an image to the result. Only for tools without an output schema. */
  readonly addImage: (image: Image) => void;
  /** Answers the call with a task instead of its result; null when the client takes none. */
  readonly startTask: ((task: RunTask) => void) | null;
}

/** What an operation needs beside its parsed arguments. */
export interface OperationContext extends ToolContext {
  /** Whether the call asks for the API's complete object. */
  readonly isVerbose: boolean;
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
   * Checks the arguments and returns the API's object: what a model needs of it, or all of it with
   * `verbose`. Rejects with the SDK's error or an ApiError; `readFailure` reads both.
   */
  call(args: unknown, context: ToolContext): Promise<object>;
}

/** The argument of every tool whose result has more than a model needs. */
export const verboseParameter = {
  verbose: z.boolean().exactOptional().meta({ description: 'Complete result' }),
};

interface ToolDefinition<Input extends z.ZodObject> extends Omit<
  Tool,
  'operation' | 'isUntrusted' | 'input' | 'call'
> {
  /** Default: false. */
  readonly isUntrusted?: true;
  /** How the result is made compact; by default, without nulls and empty containers. null: never. */
  readonly compact?: Compact | null;
  readonly input: Input;
  /** What the person is asked before it is deleted; every tool that deletes has it. */
  deletion?(args: z.output<Input>, context: ToolContext): Deletion;
  call(args: z.output<Input>, context: OperationContext): ApiCall<object> | Promise<object>;
}

/** The SDK's options for the request of a call that creates or submits something. */
export const repeatableOptions = ({
  signal,
  idempotencyKey,
}: Pick<ToolContext, 'signal' | 'idempotencyKey'>) => ({
  signal,
  ...(idempotencyKey !== null && { headers: { 'Idempotency-Key': idempotencyKey } }),
});

/** The arguments that a host meant. Throws an ApiError if they are nested too deeply. */
export function readArguments(input: z.ZodObject, args: unknown, effect: Effect): unknown {
  const meant = tolerateArguments(input, args, { keepsNull: effect === 'modify' });
  if (!exceedsDepth(meant, maxDepth)) return meant;
  const message = `The arguments are nested more than ${maxDepth} levels deep.`;
  throw new ApiError(null, message, { code: 'invalid_value' });
}

/** Parses tool arguments. Throws an ApiError that describes the first problem (contract §2.2). */
export function parseArguments<Input extends z.ZodType>(
  input: Input,
  args: unknown,
): z.output<Input> {
  const parsed = input.safeParse(args, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { message, param, code } = toValidationError(parsed.error);
  throw new ApiError(null, message, { param, code });
}

const isApiCall = (result: object): result is ApiCall<object> => 'asResponse' in result;

const verboseArgument = z.looseObject(verboseParameter);

/** Splits `verbose` from the other arguments. */
function splitVerbose(args: unknown): readonly [args: unknown, isVerbose: boolean] {
  const { verbose = false, ...others } = parseArguments(verboseArgument, args);
  return [others, verbose];
}

/** Creates a tool from what is specific to its operation. */
export function defineTool<Input extends z.ZodObject>(definition: ToolDefinition<Input>): Tool {
  const { name, description, effect, isUntrusted = false, compact = compactObject } = definition;
  const fields = definition.input;
  const input =
    compact === null ? fields : z.strictObject({ ...fields.shape, ...verboseParameter });
  return {
    ...definition,
    description: isUntrusted ? `${description} Untrusted data.` : description,
    isUntrusted,
    operation: name,
    input,
    async call(args, context) {
      const meant = readArguments(input, args, effect);
      const [own, isVerbose] = compact === null ? [meant, true] : splitVerbose(meant);
      const parsed = parseArguments(fields, own);
      const deletion = definition.deletion?.(parsed, context);
      const refusal =
        deletion === undefined ? null : await confirmDeletion(deletion, context.person);
      if (refusal !== null) return refusal;
      // The SDK writes the arguments as JSON at once.
      await yieldToOthers();
      const result = definition.call(parsed, { ...context, isVerbose });
      const object = isApiCall(result) ? (await readJson(result)).body : await result;
      if (isVerbose || compact === null) return object;
      return compact({ ...object }, { operation: name, args: parsed, toolName: context.toolName });
    },
  };
}
