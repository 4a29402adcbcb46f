import type OpenAI from 'openai';
import * as z from 'zod';
import { assistantId, list, listQuery, metadata, period, runStatus, text } from './common.ts';
import { createMessage, createMessageBody } from './message.ts';
import { toolResourcesOnCreate, toolResources } from './tool.ts';

/** Body of `POST /threads` (contract §4.2). */
export const createThread = z.strictObject({
  messages: list(createMessage).exactOptional().meta({ description: 'Oldest first' }),
  tool_resources: toolResourcesOnCreate,
  metadata,
}) satisfies z.ZodType<OpenAI.Beta.ThreadCreateParams>;

/** The same body as the REST endpoints accept it, with the messages of version 1. */
export const createThreadBody = createThread.extend({
  messages: list(createMessageBody).exactOptional(),
});

/** Body of `POST /threads/{thread_id}`: omitted fields do not change. */
export const modifyThread = z.strictObject({
  tool_resources: toolResources,
  metadata,
}) satisfies z.ZodType<OpenAI.Beta.ThreadUpdateParams>;

/**
 * Query of `GET /threads`, which upstream never offered. Assistant and status are those of a thread's
 * newest run; `search` is looked for in its messages, metadata and id.
 */
export const listThreadsQuery = z.object({
  ...listQuery,
  ...period,
  assistant_id: assistantId.exactOptional(),
  status: runStatus.exactOptional(),
  search: text(200).exactOptional(),
  include: list(z.enum(['summary'])).exactOptional(),
});

export type CreateThread = z.infer<typeof createThread>;
