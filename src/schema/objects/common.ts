import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, jsonObject, metadata } from '../common.ts';

/*
 * The API's objects as they may be brought in: whole, as this program or the hosted service wrote
 * them. What hosted left out may be missing, what it added is no fault (contract §14), and limits
 * on what may be requested do not bind what already exists.
 */

/** An object of which only some fields are sure to be there. */
export type PartialObject<Whole, Needed extends keyof Whole> = Pick<Whole, Needed> & {
  readonly [Key in Exclude<keyof Whole, Needed>]?: Whole[Key] | null;
};

/** Of any shape that can be asked for again: dots alone would be a path, control characters none. */
export const objectId = z
  .string()
  .min(1)
  .regex(/^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]+$/u);

/** Unix seconds. */
export const seconds = integer(0);
export const text = z.string().nullish();
export const optionalSeconds = seconds.nullish();
export const optionalMetadata = metadata.nullish();

const toolType = <const Type extends string>(type: Type) => z.object({ type: z.literal(type) });

export const tools = z.array(
  z.discriminatedUnion('type', [
    toolType('code_interpreter'),
    toolType('file_search'),
    toolType('function').extend({
      function: z.object({
        name: z.string().min(1),
        description: text,
        parameters: jsonObject.nullish(),
        strict: z.boolean().nullish(),
      }),
    }),
  ]),
);

const ids = z.array(z.string()).nullish();

/** Of either tool hosted may have said nothing, or null. */
export const toolResources = z
  .object({
    code_interpreter: z.object({ file_ids: ids }).nullish(),
    file_search: z.object({ vector_store_ids: ids }).nullish(),
  })
  .nullish();

export const responseFormat = z
  .union([
    z.enum(['auto']),
    z.discriminatedUnion('type', [
      toolType('text'),
      toolType('json_object'),
      toolType('json_schema').extend({
        json_schema: z.object({ name: z.string().min(1), schema: jsonObject.nullish() }),
      }),
    ]),
  ])
  .nullish();

const tokens = integer(0);

/** The two detail objects are hosted's own addition (contract §4.4). */
export const usage = z
  .object({
    prompt_tokens: tokens,
    completion_tokens: tokens,
    total_tokens: tokens,
    prompt_token_details: z.object({ cached_tokens: tokens }).nullish(),
    completion_tokens_details: z.object({ reasoning_tokens: tokens }).nullish(),
  })
  .nullish();

/** Hosted used codes beside those of its schema. */
export const lastError = z.object({ code: z.string(), message: z.string() }).nullish();

/** Fields that the SDK types otherwise than they are read here. */
export interface WireFields {
  tool_resources: {
    code_interpreter?: { file_ids?: string[] | null } | null;
    file_search?: { vector_store_ids?: string[] | null } | null;
  };
  reasoning_effort: OpenAI.ReasoningEffort;
  metadata: Record<string, string>;
}
