import type OpenAI from 'openai';
import * as z from 'zod';
import { attributes, fileId, integer, list, listQuery, metadata, text } from './common.ts';

/** How files are cut into chunks: 800 tokens with 400 of overlap by default (contract §3.4). */
export const chunkingStrategy = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto') }),
  z.strictObject({
    type: z.literal('static'),
    static: z
      .strictObject({
        max_chunk_size_tokens: integer(100, 4096),
        chunk_overlap_tokens: integer(0),
      })
      .superRefine(({ max_chunk_size_tokens, chunk_overlap_tokens }, context) => {
        const maximum = Math.floor(max_chunk_size_tokens / 2);
        if (chunk_overlap_tokens <= maximum) return;
        context.addIssue({
          code: 'too_big',
          origin: 'number',
          maximum,
          message: 'integer',
          input: chunk_overlap_tokens,
          path: ['chunk_overlap_tokens'],
        });
      }),
  }),
]);

const expiresAfter = z.strictObject({
  anchor: z.literal('last_active_at'),
  days: integer(1, 365),
});

/** The most files that one request adds to a store. */
export const maxFilesPerRequest = 2000;

const maxNameLength = 256;
const maxDescriptionLength = 512;

/** Body of `POST /vector_stores`. */
export const createVectorStore = z.strictObject({
  name: text(maxNameLength).nullable().exactOptional(),
  description: text(maxDescriptionLength).nullable().exactOptional(),
  metadata,
  expires_after: expiresAfter.nullable().exactOptional(),
  file_ids: list(z.string(), maxFilesPerRequest).exactOptional(),
  chunking_strategy: chunkingStrategy.nullable().exactOptional(),
});

/** Body of `POST /vector_stores/{vector_store_id}`: omitted fields do not change. */
export const modifyVectorStore = z.strictObject({
  name: text(maxNameLength).nullable().exactOptional(),
  description: text(maxDescriptionLength).nullable().exactOptional(),
  metadata,
  expires_after: expiresAfter.nullable().exactOptional(),
}) satisfies z.ZodType<OpenAI.VectorStoreUpdateParams>;

/** Body of `POST /vector_stores/{vector_store_id}/files`. */
export const createStoreFile = z.strictObject({
  file_id: fileId,
  attributes: attributes.exactOptional(),
  chunking_strategy: chunkingStrategy.nullable().exactOptional(),
});

/** Body of `POST /vector_stores/{vector_store_id}/files/{file_id}`. */
export const updateStoreFile = z.strictObject({ attributes });

/** Body of `POST /vector_stores/{vector_store_id}/file_batches`. */
export const createFileBatch = z.strictObject({
  file_ids: list(z.string(), maxFilesPerRequest, 1).exactOptional(),
  files: list(createStoreFile, maxFilesPerRequest, 1).exactOptional(),
  attributes: attributes.exactOptional(),
  chunking_strategy: chunkingStrategy.nullable().exactOptional(),
});

/** Query of the lists of files. */
export const storeFilesQuery = z.object({
  ...listQuery,
  filter: z.enum(['in_progress', 'completed', 'failed', 'cancelled']).exactOptional(),
});

export type CreateFileBatch = z.infer<typeof createFileBatch>;
export type ChunkingStrategy = z.infer<typeof chunkingStrategy>;
