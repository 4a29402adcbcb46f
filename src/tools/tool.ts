import type OpenAI from 'openai';
import type * as z from 'zod';
import type { Clock } from '../shared/clock.ts';
import { maxDepth, exceedsDepth } from '../schema/limits.ts';
import { toValidationError } from '../schema/validation-error.ts';
import { type ApiCall, readJson } from './sdk-call.ts';
import { ApiError } from '../shared/errors.ts';
import type { Effect, Toolset } from './toolsets.ts';

/** The name under which an operation is offered here; null when it is not. */
export type ToolNameLookup = (operation: string) => string | null;

/** A picture as MCP has it. */
export interface Image {
  /** In base64. */
  readonly data: string;
  readonly mimeType: string;
}

/** What a tool is called with, beside its arguments. */
export interface ToolContext {
  readonly openai: OpenAI;
  readonly clock: Clock;
  readonly names: ToolNameLookup;
  /** Aborts when the client no longer wants the answer. */
  readonly signal: AbortSignal;
  /** Aborts when this program is about to end: a call that waits then answers with what there is. */
  readonly closing: AbortSignal;
  /** Tells the client how far the call is; null when it did not ask. */
  readonly progress: ((message: string) => Promise<void>) | null;
  /** Puts a picture beside the answer, which must be that of a tool without an output schema. */
  readonly addImage: (image: Image) => void;
}

/** One operation of the API as a tool. */
export interface Tool {
  /** The tool's own name, which `name` differs from only among the capability names. */
  readonly operation: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly toolset: Toolset;
  readonly effect: Effect;
  readonly input: z.ZodObject;
  /** null for a tool whose answer need not be structured. */
  readonly output: z.ZodObject | null;
  /**
   * Checks the arguments and answers with the API's object, complete. Rejects with the SDK's error
   * or with an ApiError; `readFailure` reads both.
   */
  call(args: unknown, call: ToolContext): Promise<object>;
}

interface Definition<Input extends z.ZodObject> extends Omit<Tool, 'operation' | 'input' | 'call'> {
  readonly input: Input;
  call(args: z.output<Input>, call: ToolContext): ApiCall<object> | Promise<object>;
}

/** Refuses arguments in the API's own words (contract §2.2), the first problem alone. */
export function parseArguments<Input extends z.ZodObject>(
  input: Input,
  args: unknown,
): z.output<Input> {
  if (exceedsDepth(args)) {
    const message = `The arguments are nested more than ${maxDepth} levels deep.`;
    throw new ApiError(null, message, { code: 'invalid_value' });
  }
  const parsed = input.safeParse(args, { reportInput: true });
  if (parsed.success) return parsed.data;
  const { message, param, code } = toValidationError(parsed.error);
  throw new ApiError(null, message, { param, code });
}

const isPending = (answer: object): answer is ApiCall<object> => 'asResponse' in answer;

/** Makes a tool of what is particular to its operation. */
export function defineTool<Input extends z.ZodObject>(definition: Definition<Input>): Tool {
  return {
    ...definition,
    operation: definition.name,
    call: async (args, call) => {
      const answer = definition.call(parseArguments(definition.input, args), call);
      return isPending(answer) ? (await readJson(answer)).body : answer;
    },
  };
}
