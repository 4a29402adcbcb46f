import type OpenAI from 'openai';
import * as z from 'zod';

/** An id that the engine creates, or an imported one of the same form. */
export const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9A-Za-z]{24}$`, 'u'));

/** A Unix time in seconds; milliseconds do not pass. */
export const seconds = z.int().min(1_700_000_000).max(1_999_999_999);

export const metadata = z.record(z.string().max(64), z.string().max(512));

export const toolResources = z.strictObject({
  code_interpreter: z.strictObject({ file_ids: z.array(z.string()) }).exactOptional(),
  file_search: z.strictObject({ vector_store_ids: z.array(z.string()) }).exactOptional(),
});

const ranking = z.strictObject({
  ranker: z.enum(['auto', 'default_2024_08_21']).exactOptional(),
  score_threshold: z.number(),
  hybrid_search: z.null().exactOptional(),
});

export const tools = z.array(
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('code_interpreter') }),
    z.strictObject({
      type: z.literal('file_search'),
      file_search: z.strictObject({
        max_num_results: z.int().exactOptional(),
        ranking_options: ranking,
      }),
    }),
    z.strictObject({
      type: z.literal('function'),
      function: z.strictObject({
        name: z.string(),
        description: z.string().exactOptional(),
        parameters: z.record(z.string(), z.unknown()),
        strict: z.boolean(),
      }),
    }),
  ]),
) satisfies z.ZodType<OpenAI.Beta.AssistantTool[]>;

export const responseFormat = z.union([
  z.literal('auto'),
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: z.string(),
      description: z.string().exactOptional(),
      schema: z.record(z.string(), z.unknown()).exactOptional(),
      strict: z.boolean().nullable().exactOptional(),
    }),
  }),
]) satisfies z.ZodType<OpenAI.Beta.Threads.AssistantResponseFormatOption>;

export const usage = z
  .strictObject({
    prompt_tokens: z.int().min(0),
    completion_tokens: z.int().min(0),
    total_tokens: z.int().min(0),
    prompt_token_details: z.strictObject({ cached_tokens: z.int().min(0) }),
    completion_tokens_details: z.strictObject({ reasoning_tokens: z.int().min(0) }),
  })
  .refine(
    (tokens) => tokens.total_tokens === tokens.prompt_tokens + tokens.completion_tokens,
    'total_tokens',
  );
