import type OpenAI from 'openai';
import * as z from 'zod';
import { list, listQuery, maxItems, metadata, text } from './common.ts';
import { v1FileIds, withRetrieval } from './v1-fields.ts';

const detail = z.enum(['auto', 'low', 'high']).exactOptional();

const contentPart = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text: text(256_000) }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({ url: z.string(), detail }),
  }),
  z.strictObject({
    type: z.literal('image_file'),
    image_file: z.strictObject({ file_id: z.string(), detail }),
  }),
]);

const attachment = z.strictObject({
  file_id: z.string(),
  tools: list(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('code_interpreter') }),
      z.strictObject({ type: z.literal('file_search') }),
    ]),
  ),
});

const v1Attachment = attachment.extend({ tools: withRetrieval(attachment.shape.tools) });

/** Body of `POST /threads/{thread_id}/messages` (contract §4.3). */
export const createMessage = z.strictObject({
  role: z.enum(['user', 'assistant']),
  content: z
    .union([text(256_000), list(contentPart, maxItems, 1)])
    .meta({ description: 'Text, or parts for images' }),
  attachments: list(attachment)
    .nullable()
    .exactOptional()
    .meta({ description: 'Files for the tools' }),
  metadata,
}) satisfies z.ZodType<OpenAI.Beta.Threads.MessageCreateParams>;

/** The same body as the REST endpoints accept it, with the fields of version 1. */
export const createMessageBody = createMessage.extend({
  attachments: list(v1Attachment).nullable().exactOptional(),
  ...v1FileIds(10),
});

/** Body of `POST …/messages/{message_id}` and `POST …/runs/{run_id}`: only metadata can change. */
export const modifyMetadata = z.strictObject({ metadata }) satisfies z.ZodType<
  Omit<OpenAI.Beta.Threads.MessageUpdateParams, 'thread_id'>
>;

/** Query of `GET /threads/{thread_id}/messages`. */
export const listMessages = z.object({
  ...listQuery,
  run_id: z.string().exactOptional().meta({ description: 'Only of this run' }),
});

export type CreateMessage = z.infer<typeof createMessage>;
export type CreateMessageBody = z.infer<typeof createMessageBody>;
