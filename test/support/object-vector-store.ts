import type OpenAI from 'openai';
import * as z from 'zod';
import { id, metadata, seconds } from './object-common.ts';

const count = z.int().min(0);

const fileCounts = z
  .strictObject({
    cancelled: count,
    completed: count,
    failed: count,
    in_progress: count,
    total: count,
  })
  .refine(
    ({ total, ...counts }) => total === Object.values(counts).reduce((sum, each) => sum + each, 0),
    'total',
  );

export const vectorStore = z.strictObject({
  id: id('vs'),
  object: z.literal('vector_store'),
  created_at: seconds,
  name: z.string().max(256),
  description: z.string().max(512).nullable(),
  usage_bytes: count,
  file_counts: fileCounts,
  status: z.enum(['expired', 'in_progress', 'completed']),
  expires_after: z
    .strictObject({ anchor: z.literal('last_active_at'), days: z.int().min(1).max(365) })
    .exactOptional(),
  expires_at: seconds.nullable(),
  last_active_at: seconds.nullable(),
  metadata,
}) satisfies z.ZodType<OpenAI.VectorStore>;

export const vectorStoreFile = z
  .strictObject({
    id: z.string().startsWith('file-'),
    object: z.literal('vector_store.file'),
    usage_bytes: count,
    created_at: seconds,
    vector_store_id: id('vs'),
    status: z.enum(['in_progress', 'completed', 'cancelled', 'failed']),
    last_error: z
      .strictObject({
        code: z.enum(['server_error', 'unsupported_file', 'invalid_file']),
        message: z.string().min(1),
      })
      .nullable(),
    chunking_strategy: z.strictObject({
      type: z.literal('static'),
      static: z.strictObject({ max_chunk_size_tokens: count, chunk_overlap_tokens: count }),
    }),
    attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  })
  .refine(
    ({ status, last_error }) => (status === 'failed') === (last_error !== null),
    'last_error',
  );

const fileBatch = z.strictObject({
  id: id('vsfb'),
  object: z.literal('vector_store.files_batch'),
  created_at: seconds,
  vector_store_id: id('vs'),
  status: z.enum(['in_progress', 'completed', 'cancelled', 'failed']),
  file_counts: fileCounts,
}) satisfies z.ZodType<OpenAI.VectorStores.VectorStoreFileBatch>;

const contentPage = z.strictObject({
  object: z.literal('vector_store.file_content.page'),
  data: z.array(z.strictObject({ type: z.literal('text'), text: z.string() })),
  has_more: z.literal(false),
  next_page: z.null(),
});

/** The objects of vector stores, by their names. */
export const vectorStoreObjects = {
  vector_store: vectorStore,
  'vector_store.file': vectorStoreFile,
  'vector_store.files_batch': fileBatch,
  'vector_store.file_content.page': contentPage,
  'vector_store.deleted': z.strictObject({
    id: id('vs'),
    object: z.literal('vector_store.deleted'),
    deleted: z.literal(true),
  }) satisfies z.ZodType<OpenAI.VectorStoreDeleted>,
  'vector_store.file.deleted': z.strictObject({
    id: z.string().startsWith('file-'),
    object: z.literal('vector_store.file.deleted'),
    deleted: z.literal(true),
  }) satisfies z.ZodType<OpenAI.VectorStores.VectorStoreFileDeleted>,
};
