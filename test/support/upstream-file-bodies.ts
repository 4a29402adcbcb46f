import * as z from 'zod';

const chunking = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto') }),
  z.strictObject({
    type: z.literal('static'),
    static: z.strictObject({
      max_chunk_size_tokens: z.int().min(100).max(4096),
      chunk_overlap_tokens: z.int().min(0),
    }),
  }),
]);

const fileIds = z.array(z.string()).max(500);

/** Body of `POST /vector_stores`. */
export const newStore = z.strictObject({
  name: z.string().optional(),
  file_ids: fileIds.optional(),
  chunking_strategy: chunking.optional(),
  metadata: z.record(z.string(), z.string()).nullable().optional(),
  expires_after: z
    .strictObject({ anchor: z.literal('last_active_at'), days: z.int().min(1).max(365) })
    .optional(),
});

/** Body of `POST /vector_stores/{id}/file_batches`. */
export const newBatch = z.strictObject({
  file_ids: fileIds.min(1),
  chunking_strategy: chunking.optional(),
});

/** Body of `POST /files`, a form. */
export const newFile = z.object({
  file: z.instanceof(File),
  purpose: z.enum(['assistants', 'batch', 'fine-tune', 'vision', 'user_data']),
});
