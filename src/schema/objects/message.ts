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

const annotation = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file_citation'), ...span, file_citation: file }),
  z.object({ type: z.literal('file_path'), ...span, file_path: file }),
]);

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

/** A message (contract §4.3). Version 1 of the API had `file_ids` instead of `attachments`. */
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
  file_ids: z.array(z.string()).nullish(),
  metadata: optionalMetadata,
});

export type MessageObject = PartialObject<
  Omit<OpenAI.Beta.Threads.Message, 'metadata'> & {
    metadata: Record<string, string>;
    file_ids: string[];
  },
  'object' | 'id' | 'created_at' | 'thread_id' | 'role' | 'content'
>;
