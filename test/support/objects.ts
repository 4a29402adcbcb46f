import type OpenAI from 'openai';
import * as z from 'zod';
import { message, messageFile } from './object-message.ts';
import { run, runProgress, step } from './object-run.ts';
import { runOverview, runStatistics } from './object-run-overview.ts';
import { vectorStore, vectorStoreFile, vectorStoreObjects } from './object-vector-store.ts';
import { id, metadata, responseFormat, seconds, toolResources, tools } from './object-common.ts';

const assistant = z.strictObject({
  id: id('asst'),
  object: z.literal('assistant'),
  created_at: seconds,
  name: z.string().max(256).nullable(),
  description: z.string().max(512).nullable(),
  model: z.string().min(1),
  instructions: z.string().max(256_000).nullable(),
  tools,
  top_p: z.number(),
  temperature: z.number(),
  reasoning_effort: z.string().nullable(),
  tool_resources: toolResources,
  metadata,
  response_format: responseFormat,
}) satisfies z.ZodType<OpenAI.Beta.Assistant>;

/** A link of an assistant to a file, of API v1. */
const assistantFile = z.strictObject({
  id: z.string().min(1),
  object: z.literal('assistant.file'),
  created_at: seconds,
  assistant_id: id('asst'),
});

const fileId = z.string().startsWith('file-');

/** A file in the database. */
const storedFile = z.strictObject({
  id: fileId,
  object: z.literal('file'),
  bytes: z.int().min(0),
  created_at: seconds,
  filename: z.string().min(1),
  purpose: z.enum(['assistants', 'assistants_output', 'batch', 'fine-tune', 'vision', 'user_data']),
  status: z.literal('processed'),
  expires_at: seconds.exactOptional(),
}) satisfies z.ZodType<OpenAI.FileObject>;

/** A file, or its deletion. */
const file = z.union([
  storedFile,
  z.strictObject({ id: fileId, object: z.literal('file'), deleted: z.literal(true) }),
]);

const upload = z.strictObject({
  id: id('upload'),
  object: z.literal('upload'),
  bytes: z.int().min(0),
  created_at: seconds,
  filename: z.string().min(1),
  purpose: z.string(),
  status: z.enum(['pending', 'completed', 'cancelled', 'expired']),
  expires_at: seconds,
  file: storedFile.nullable(),
}) satisfies z.ZodType<OpenAI.Upload>;

const uploadPart = z.strictObject({
  id: id('part'),
  object: z.literal('upload.part'),
  created_at: seconds,
  upload_id: id('upload'),
});

/** A thread (contract §4.2). */
export const thread = z.strictObject({
  id: id('thread'),
  object: z.literal('thread'),
  created_at: seconds,
  metadata,
  tool_resources: toolResources,
}) satisfies z.ZodType<OpenAI.Beta.Thread>;

const deleted = <const Name extends string>(object: Name, prefix: string) =>
  z.strictObject({ id: id(prefix), object: z.literal(object), deleted: z.literal(true) });

/** The results of a search in a vector store. */
const searchResults = z.strictObject({
  object: z.literal('vector_store.search_results.page'),
  search_query: z.array(z.string()),
  data: z.array(
    z.strictObject({
      file_id: z.string(),
      filename: z.string(),
      score: z.number().min(0).max(1),
      attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      content: z.array(z.strictObject({ type: z.literal('text'), text: z.string() })),
    }),
  ),
  has_more: z.literal(false),
  next_page: z.null(),
});

const schemas = {
  'vector_store.search_results.page': searchResults,
  assistant,
  'assistant.file': assistantFile,
  'assistant.file.deleted': z.strictObject({
    id: z.string().min(1),
    object: z.literal('assistant.file.deleted'),
    deleted: z.literal(true),
  }),
  file,
  ...vectorStoreObjects,
  upload,
  'upload.part': uploadPart,
  thread,
  'thread.message': message,
  'thread.message.file': messageFile,
  'thread.run': run,
  'thread.run.step': step,
  'run.statistics': runStatistics,
  'assistant.deleted': deleted(
    'assistant.deleted',
    'asst',
  ) satisfies z.ZodType<OpenAI.Beta.AssistantDeleted>,
  'thread.deleted': deleted(
    'thread.deleted',
    'thread',
  ) satisfies z.ZodType<OpenAI.Beta.ThreadDeleted>,
  'thread.message.deleted': deleted(
    'thread.message.deleted',
    'msg',
  ) satisfies z.ZodType<OpenAI.Beta.Threads.MessageDeleted>,
};

const summarizedThread = thread.extend({
  summary: z.strictObject({
    title: z.string().min(1).nullable(),
    latest_run: runOverview.nullable(),
  }),
});

const listItem = z.union([
  assistant,
  assistantFile,
  storedFile,
  thread,
  summarizedThread,
  message,
  messageFile,
  run,
  runOverview,
  step,
  vectorStore,
  vectorStoreFile,
]);

const list = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(listItem).max(10_000),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .refine(({ data, first_id }) => first_id === (data.at(0)?.id ?? null), 'first_id')
  .refine(({ data, last_id }) => last_id === (data.at(-1)?.id ?? null), 'last_id')
  .refine(({ data }) => data.length <= 100 || data[0]?.object === 'file', 'too long')
  .refine(({ data }) => new Set(data.map(({ object }) => object)).size < 2, 'mixed list');

/** An error as in the error envelope, or as stream data (contract §2.1, §7.6). */
export const apiError = z.strictObject({
  message: z.string().min(1),
  type: z.enum(['invalid_request_error', 'server_error']),
  param: z.string().nullable(),
  code: z.string().nullable(),
});

const errorEnvelope = z.strictObject({ error: apiError });

const anyObject = z.looseObject({ object: z.string() });

function schemaFor(headers: Headers, body: unknown): z.ZodType {
  if (headers.get('preference-applied') === 'return=minimal') return runProgress;
  const { object } = anyObject.parse(body);
  if (object === 'list') return list;
  const schema = Object.entries(schemas).find(([name]) => name === object)?.[1];
  if (schema === undefined) throw new Error(`the contract has no object '${object}'`);
  return schema;
}

/** How a response of the engine violates the contract; null when it does not. */
export function contractViolation(status: number, headers: Headers, body: unknown): string | null {
  if (!/^req_[0-9a-f]{32}$/u.test(headers.get('x-request-id') ?? '')) return 'no x-request-id';
  if (!(headers.get('content-type') ?? '').startsWith('application/json')) return 'not JSON';
  const schema = status === 200 ? schemaFor(headers, body) : errorEnvelope;
  const { error } = schema.safeParse(body);
  return error === undefined ? null : `${z.prettifyError(error)}\n${JSON.stringify(body)}`;
}
