import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, jsonSchemaObject, list, metadata } from './common.ts';
import { chunkingStrategy } from './vector-store.ts';

const functionName = z
  .string()
  .max(64)
  .regex(/^[a-zA-Z0-9_-]+$/);

const strict = z.boolean().nullable().exactOptional();

/** The ranker of a file search that names none. */
export const defaultRanker = 'default_2024_08_21';

const rankingOptions = z
  .strictObject({
    ranker: z.enum(['auto', defaultRanker]).exactOptional(),
    score_threshold: z.number().min(0).max(1),
    hybrid_search: z.null().exactOptional(),
  })
  .meta({
    listing: {
      type: 'object',
      properties: {
        score_threshold: { type: 'number', minimum: 0, maximum: 1 },
        ranker: { type: 'string', enum: ['auto', defaultRanker] },
      },
    },
  });

const assistantTool = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('code_interpreter') }),
  z.strictObject({
    type: z.literal('file_search'),
    file_search: z
      .strictObject({
        max_num_results: integer(1, 50).exactOptional(),
        ranking_options: rankingOptions.exactOptional(),
      })
      .exactOptional(),
  }),
  z.strictObject({
    type: z.literal('function'),
    function: z.strictObject({
      name: functionName,
      description: z.string().exactOptional(),
      parameters: jsonSchemaObject.exactOptional(),
      strict,
    }),
  }),
]);

/** Tools of an assistant or a run (contract §3.3). */
export const assistantTools = list(assistantTool, 128) satisfies z.ZodType<
  OpenAI.Beta.AssistantTool[]
>;

/** The tool that the model must or may call (contract §3.6). */
export const toolChoice = z
  .union([
    z.enum(['none', 'auto', 'required']),
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('function'),
        function: z.strictObject({ name: z.string() }),
      }),
      z.strictObject({ type: z.literal('code_interpreter') }),
      z.strictObject({ type: z.literal('file_search') }),
    ]),
  ])
  .nullable()
  .exactOptional();

/** The format of the model's output (contract §3.5). */
export const responseFormat = z
  .union([
    z.enum(['auto']),
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name: functionName,
          description: z.string().exactOptional(),
          schema: jsonSchemaObject.exactOptional(),
          strict,
        }),
      }),
    ]),
  ])
  .nullable()
  .exactOptional();

const codeInterpreter = z
  .strictObject({ file_ids: list(z.string(), 20).exactOptional() })
  .exactOptional();

const vectorStoreIds = list(z.string(), 1).exactOptional();

/** Ids of files and vector stores (contract §3.4), for runs and modifications. */
export const toolResources = z
  .strictObject({
    code_interpreter: codeInterpreter,
    file_search: z.strictObject({ vector_store_ids: vectorStoreIds }).exactOptional(),
  })
  .nullable()
  .exactOptional();

const vectorStore = z
  .strictObject({
    file_ids: list(z.string(), 100_000_000).exactOptional(),
    chunking_strategy: chunkingStrategy.exactOptional(),
    metadata,
  })
  .meta({
    listing: {
      type: 'object',
      description: 'Also takes metadata and chunking_strategy',
      properties: { file_ids: { type: 'array', items: { type: 'string' } } },
    },
  });

/** `toolResources`, plus `vector_stores` to create with the object (contract §3.4, on create). */
export const toolResourcesOnCreate = z
  .strictObject({
    code_interpreter: codeInterpreter,
    file_search: z
      .strictObject({
        vector_store_ids: vectorStoreIds,
        vector_stores: list(vectorStore, 1).exactOptional(),
      })
      .exactOptional(),
  })
  .nullable()
  .exactOptional();
