import type OpenAI from 'openai';
import * as z from 'zod';
import { integer } from '../common.ts';
import {
  type PartialObject,
  objectId,
  optionalMetadata,
  optionalSeconds,
  seconds,
  text,
} from './common.ts';

const span = { text: z.string(), start_index: integer(0), end_index: integer(0) };
const file = z.object({ file_id: z.string() });

const apiAnnotation = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file_citation'), ...span, file_citation: file }),
  z.object({ type: z.literal('file_path'), ...span, file_path: file }),
]);

/** Other services have other annotations, such as `url_citation`, which are kept as they are. */
const foreignAnnotation = z.looseObject({
  type: z
    .string()
    .refine((type) => type !== 'file_citation' && type !== 'file_path', { abort: true }),
});

const annotation = z.union([apiAnnotation, foreignAnnotation]);

const contentPart = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('text'),
    text: z.object({ value: z.string(), annotations: z.array(annotation) }),
  }),
  z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) }),
  z.object({ type: z.literal('image_file'), image_file: file }),
  z.object({ type: z.literal('refusal'), refusal: z.string() }),
]);

const attachment = z.object({
  file_id: text,
  tools: z.array(z.object({ type: z.enum(['code_interpreter', 'file_search']) })).nullish(),
});

/** A message (contract §4.3). */
export const messageObject = z.object({
  object: z.literal('thread.message'),
  id: objectId,
  created_at: seconds,
  thread_id: objectId,
  status: z.enum(['in_progress', 'incomplete', 'completed']).nullish(),
  incomplete_details: z.object({ reason: z.string() }).nullish(),
  completed_at: optionalSeconds,
  incomplete_at: optionalSeconds,
  role: z.enum(['user', 'assistant']),
  content: z.array(contentPart),
  assistant_id: text,
  run_id: text,
  attachments: z.array(attachment).nullish(),
  metadata: optionalMetadata,
});

export type MessageObject = PartialObject<
  Omit<OpenAI.Beta.Threads.Message, 'metadata'> & {
    metadata: Record<string, string>;
  },
  'object' | 'id' | 'created_at' | 'thread_id' | 'role' | 'content'
>;
