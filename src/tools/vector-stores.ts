import type OpenAI from 'openai';
import * as z from 'zod';
import {
  fileId,
  integer,
  isObject,
  list,
  listQuery,
  metadata,
  vectorStoreId,
} from '../schema/common.ts';
import { compactPage } from './compact-result.ts';
import { countOf, quote } from './confirm-deletion.ts';
import { deleted, page, withId } from './output-schemas.ts';
import { defaultWaitSeconds, poll, waitSeconds } from './poll.ts';
import { readSupported } from './read-supported.ts';
import { type ApiCall, type ApiResponse, readJson } from './sdk-call.ts';
import { defineTool, type ToolContext } from './tool.ts';

const fileIds = list(fileId, 500);

const attributeValue = z.union([z.string(), z.number(), z.boolean()]);

const attributes = z
  .record(z.string(), attributeValue)
  .exactOptional()
  .meta({
    listing: {
      type: 'object',
      description: 'Of each file, for filters of a search: strings, numbers or booleans',
      properties: { any_name: { type: 'string' } },
    },
  });

const chunking = z
  .strictObject({
    max_chunk_size_tokens: integer(100, 4096),
    chunk_overlap_tokens: integer(0),
  })
  .exactOptional()
  .meta({ description: 'Default: passages of 800 tokens that overlap by 400' });

const toStrategy = (size: z.infer<typeof chunking> | undefined) =>
  size === undefined ? {} : { chunking_strategy: { type: 'static' as const, static: size } };

const storeSupport = ({ openai, signal }: ToolContext) => ({
  list: () => openai.vectorStores.list({ limit: 1 }, { signal }),
  message: 'This server has no vector stores.',
});

/** Awaits a call on vector stores and returns its body. Says so when the server has none. */
const readStoresResponse = async <Body extends object>(
  call: ApiCall<Body>,
  context: ToolContext,
): Promise<Body> => (await readSupported(call, storeSupport(context))).body;

export const createVectorStoreTool = defineTool({
  name: 'create_vector_store',
  title: 'Create vector store',
  description:
    'Creates a vector store (vs_…): files that file_search searches, by its id in tool_resources.file_search.vector_store_ids. add_vector_store_files adds more files.',
  toolset: 'vector_stores',
  effect: 'create',
  input: z.strictObject({
    name: z.string().exactOptional(),
    file_ids: fileIds.exactOptional(),
    expires_after_days: integer(1, 365)
      .exactOptional()
      .meta({ description: 'Days after its last use; default: never' }),
    chunking,
    metadata,
  }),
  output: withId,
  call: async ({ expires_after_days: days, chunking: size, file_ids, ...body }, context) => {
    const { openai, signal } = context;
    const params = {
      ...body,
      ...(file_ids !== undefined && { file_ids, ...toStrategy(size) }),
      ...(days !== undefined && { expires_after: { anchor: 'last_active_at' as const, days } }),
    };
    return readStoresResponse(openai.vectorStores.create(params, { signal }), context);
  },
});

export const listVectorStoresTool = defineTool({
  name: 'list_vector_stores',
  title: 'List vector stores',
  description: 'Lists vector stores (vs_…) with the state of their files, newest first.',
  toolset: 'vector_stores',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject(listQuery),
  output: page,
  compact: compactPage(null),
  call: async (query, context) => {
    const { openai, signal } = context;
    return readStoresResponse(openai.vectorStores.list(query, { signal }), context);
  },
});

type Batch = OpenAI.VectorStores.VectorStoreFileBatch;

/** Polls a batch until its files are indexed, or for `maxSeconds`. */
const pollBatch = (
  first: ApiResponse<Batch>,
  maxSeconds: number,
  context: ToolContext,
): Promise<Batch> => {
  const read = ({ id, vector_store_id }: Batch, signal: AbortSignal) =>
    readJson(context.openai.vectorStores.fileBatches.retrieve(id, { vector_store_id }, { signal }));
  const isRunning = ({ status }: Batch) => status === 'in_progress';
  return poll(first, { maxSeconds, isRunning, read }, context);
};

/** At most these are named in a result. */
const maxFailures = 20;

/** The files of a batch that cannot be searched, with the reasons. */
async function readFailures(batch: Batch, { openai, signal }: ToolContext): Promise<object> {
  if (batch.file_counts.failed === 0) return {};
  const query = {
    vector_store_id: batch.vector_store_id,
    filter: 'failed',
    limit: maxFailures,
  } as const;
  try {
    const call = openai.vectorStores.fileBatches.listFiles(batch.id, query, { signal });
    const { body } = await readJson(call);
    const failed_files = body.data.map(({ id, last_error }) => ({
      id,
      error: last_error?.message,
    }));
    return { failed_files };
  } catch {
    return {};
  }
}

export const addVectorStoreFilesTool = defineTool({
  name: 'add_vector_store_files',
  title: 'Add vector store files',
  description:
    'Adds uploaded files (file-…) to a vector store (vs_…) and waits until they are indexed. upload_file uploads a file.',
  toolset: 'vector_stores',
  effect: 'create',
  input: z.strictObject({
    vector_store_id: vectorStoreId,
    file_ids: fileIds,
    attributes,
    chunking,
    wait_seconds: waitSeconds(),
  }),
  output: withId,
  call: async ({ vector_store_id, file_ids, attributes: shared, ...options }, context) => {
    const { openai, signal } = context;
    const { chunking: size, wait_seconds = defaultWaitSeconds } = options;
    const body = {
      file_ids,
      ...toStrategy(size),
      ...(shared !== undefined && { attributes: shared }),
    };
    const call = openai.vectorStores.fileBatches.create(vector_store_id, body, { signal });
    const response = await readSupported(call, storeSupport(context));
    const batch = await pollBatch(response, wait_seconds, context);
    const next =
      batch.status === 'in_progress'
        ? { next: 'The files are not indexed yet. A search finds those that are.' }
        : {};
    return { ...next, ...batch, ...(await readFailures(batch, context)) };
  },
});

const comparison = {
  key: { type: 'string', description: 'Of an attribute' },
  value: { type: 'string', description: 'Or a number, a boolean or, for in and nin, an array' },
};

const operators = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'nin'];

const filters = z
  .custom<NonNullable<OpenAI.VectorStoreSearchParams['filters']>>(isObject)
  .meta({
    type: 'object',
    listing: {
      type: 'object',
      description: 'By attributes of files; and and or have filters',
      properties: {
        type: { type: 'string', enum: [...operators, 'and', 'or'] },
        ...comparison,
        filters: {
          type: 'array',
          items: {
            type: 'object',
            properties: { type: { type: 'string', enum: operators }, ...comparison },
          },
        },
      },
      required: ['type'],
    },
  })
  .exactOptional();

export const searchVectorStoreTool = defineTool({
  name: 'search_vector_store',
  title: 'Search vector store',
  description: 'Finds the passages of the files in a vector store (vs_…) that fit a query.',
  toolset: 'vector_stores',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({
    vector_store_id: vectorStoreId,
    query: z.string().min(1),
    max_num_results: integer(1, 50).exactOptional().meta({ description: 'Default: 10' }),
    score_threshold: z.number().min(0).max(1).exactOptional(),
    filters,
  }),
  output: page,
  compact: compactPage(null),
  call: async ({ vector_store_id, query, score_threshold, filters: filter, ...limit }, context) => {
    const { openai, signal } = context;
    const params = {
      query,
      ...limit,
      ...(score_threshold !== undefined && { ranking_options: { score_threshold } }),
      ...(filter !== undefined && { filters: filter }),
    };
    const call = openai.vectorStores.search(vector_store_id, params, { signal });
    return readStoresResponse(call, context);
  },
});

export const deleteVectorStoreTool = defineTool({
  name: 'delete_vector_store',
  title: 'Delete vector store',
  description: 'Permanently deletes a vector store (vs_…). Its files stay.',
  toolset: 'vector_stores',
  effect: 'delete',
  input: z.strictObject({ vector_store_id: vectorStoreId }),
  output: deleted,
  compact: null,
  deletion: ({ vector_store_id }, context) => ({
    named: `the vector store ${vector_store_id}`,
    describe: async () => {
      const { openai, signal } = context;
      const call = openai.vectorStores.retrieve(vector_store_id, { signal });
      const { name, file_counts } = await readStoresResponse(call, context);
      const files = countOf(file_counts.total, 'file');
      return `the vector store ${quote(name)} (${vector_store_id}) with ${files}`;
    },
  }),
  call: async ({ vector_store_id }, context) => {
    const { openai, signal } = context;
    return readStoresResponse(openai.vectorStores.delete(vector_store_id, { signal }), context);
  },
});
