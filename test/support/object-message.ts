import type OpenAI from 'openai';
import * as z from 'zod';
import { id, metadata, seconds } from './object-common.ts';

const span = { text: z.string(), start_index: z.int().min(0), end_index: z.int().min(0) };

const annotation = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('file_citation'),
    ...span,
    file_citation: z.strictObject({ file_id: z.string() }),
  }),
  z.strictObject({
    type: z.literal('file_path'),
    ...span,
    file_path: z.strictObject({ file_id: z.string() }),
  }),
]);

const detail = z.enum(['auto', 'low', 'high']);

const content = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    text: z
      .strictObject({ value: z.string(), annotations: z.array(annotation) })
      .refine(
        ({ value, annotations }) =>
          annotations.every((note) => value.slice(note.start_index, note.end_index) === note.text),
        'an annotation does not match its text',
      ),
  }),
  z.strictObject({
    type: z.literal('image_url'),
    image_url: z.strictObject({ url: z.string(), detail }),
  }),
  z.strictObject({
    type: z.literal('image_file'),
    image_file: z.strictObject({ file_id: z.string(), detail }),
  }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
]);

const attachment = z.strictObject({
  file_id: z.string(),
  tools: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('code_interpreter') }),
      z.strictObject({ type: z.literal('file_search') }),
    ]),
  ),
});

const reason = z.enum([
  'content_filter',
  'max_tokens',
  'run_cancelled',
  'run_expired',
  'run_failed',
]);

const messageFields = z.strictObject({
  id: id('msg'),
  object: z.literal('thread.message'),
  created_at: seconds,
  thread_id: id('thread'),
  status: z.enum(['in_progress', 'incomplete', 'completed']),
  incomplete_details: z.strictObject({ reason }).nullable(),
  completed_at: seconds.nullable(),
  incomplete_at: seconds.nullable(),
  role: z.enum(['user', 'assistant']),
  content: z.array(content),
  assistant_id: id('asst').nullable(),
  run_id: id('run').nullable(),
  attachments: z.array(attachment),
  metadata,
}) satisfies z.ZodType<OpenAI.Beta.Threads.Message>;

/** A message (contract §4.3) whose timestamps fit its status. */
export const message = messageFields
  .refine(
    (fields) => (fields.status === 'completed') === (fields.completed_at !== null),
    'completed_at',
  )
  .refine(
    (fields) => (fields.status === 'incomplete') === (fields.incomplete_at !== null),
    'incomplete_at',
  )
  .refine(
    (fields) => (fields.status === 'incomplete') === (fields.incomplete_details !== null),
    'details',
  )
  .refine(
    (fields) => fields.run_id === null || fields.role === 'assistant',
    'a user message has no run',
  );

/** A file of a message (contract §4.6). */
export const messageFile = z.strictObject({
  id: z.string().min(1),
  object: z.literal('thread.message.file'),
  created_at: seconds,
  message_id: id('msg'),
});
