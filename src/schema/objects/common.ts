import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, jsonObject, metadata } from '../common.ts';

/*
 * API objects that can be imported, as this program or the hosted service exported them. Fields that
 * the hosted service omitted are optional, fields that it added are accepted (contract §14), and the
 * limits of requests do not apply.
 */

/** An object whose other fields may be missing or null. */
export type PartialObject<Full, RequiredKey extends keyof Full> = Pick<Full, RequiredKey> & {
  readonly [Key in Exclude<keyof Full, RequiredKey>]?: Full[Key] | null;
};

/** An id that is valid in a URL path: not `.` or `..`, and without control characters. */
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

/** The hosted service may have omitted either tool or set it to null. */
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

/** The hosted service added the two details objects (contract §4.4). */
export const usage = z
  .object({
    prompt_tokens: tokens,
    completion_tokens: tokens,
    total_tokens: tokens,
    prompt_token_details: z.object({ cached_tokens: tokens }).nullish(),
    completion_tokens_details: z.object({ reasoning_tokens: tokens }).nullish(),
  })
  .nullish();

/** The hosted service used more codes than its schema lists. */
export const lastError = z.object({ code: z.string(), message: z.string() }).nullish();

/** Fields whose types here differ from the SDK's. */
export interface WireFields {
  tool_resources: {
    code_interpreter?: { file_ids?: string[] | null } | null;
    file_search?: { vector_store_ids?: string[] | null } | null;
  };
  reasoning_effort: OpenAI.ReasoningEffort;
  metadata: Record<string, string>;
}
