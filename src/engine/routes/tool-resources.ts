import type OpenAI from 'openai';
import type * as z from 'zod';
import type { newToolResources, toolResources } from '../../schema/tool.ts';
import { errors } from '../http/errors.ts';
import type { NewVectorStore } from '../models/endpoint-files.ts';
import type { ToolResources } from '../store/schema.ts';
import type { UpstreamLookups } from './upstream-lookups.ts';
import type { CreateMessage } from '../../schema/message.ts';

type AssistantTool = OpenAI.Beta.AssistantTool;

/** Fills in what the API fills in when it answers with a tool (contract §3.3). */
export const normalizeTools = (tools: readonly AssistantTool[]): AssistantTool[] =>
  tools.map((tool) => {
    if (tool.type === 'function') {
      const { parameters = { type: 'object', properties: {} }, strict } = tool.function;
      return { ...tool, function: { ...tool.function, parameters, strict: strict ?? false } };
    }
    if (tool.type === 'code_interpreter') return tool;
    const { ranking_options, ...limits } = tool.file_search ?? {};
    const { ranker = 'default_2024_08_21', score_threshold = 0 } = ranking_options ?? {};
    const ranking = { ranker, score_threshold, hybrid_search: null };
    return { ...tool, file_search: { ...limits, ranking_options: ranking } };
  });

type ToolResourcesOf<Schema extends z.ZodType> = z.infer<Schema> | undefined;

/** Files and stores by id. */
export function toToolResources(resources: ToolResourcesOf<typeof toolResources>): ToolResources {
  const { code_interpreter, file_search } = resources ?? {};
  return {
    ...(code_interpreter === undefined
      ? {}
      : { code_interpreter: { file_ids: code_interpreter.file_ids ?? [] } }),
    ...(file_search === undefined
      ? {}
      : { file_search: { vector_store_ids: file_search.vector_store_ids ?? [] } }),
  };
}

/** Resources once modified: null clears them, and those of a tool that is absent stay (contract §4.1). */
export const modifyToolResources = (
  current: ToolResources,
  resources: ToolResourcesOf<typeof toolResources>,
): ToolResources => (resources === null ? {} : toToolResources({ ...current, ...resources }));

/** Vector stores that come to be with a thread do not outlive it by much (contract §4.3). */
export const threadStoreExpiry = {
  expires_after: { anchor: 'last_active_at', days: 7 },
} as const satisfies Partial<NewVectorStore>;

/** The same, and a vector store that is to be made on the way; `path` leads to the resources. */
export function createToolResources(
  resources: ToolResourcesOf<typeof newToolResources>,
  lookups: UpstreamLookups,
  path = 'tool_resources',
  life: Pick<NewVectorStore, 'expires_after'> = {},
): ToolResources {
  const { vector_stores = [], ...given } = resources?.file_search ?? {};
  const [store] = vector_stores;
  if (store === undefined) {
    return toToolResources({
      ...resources,
      ...(resources?.file_search && { file_search: given }),
    });
  }
  const place = `${path}.file_search.vector_stores`;
  if ((given.vector_store_ids ?? []).length > 0) throw errors.mutuallyExclusiveStores(place);
  const { file_ids = [], metadata, chunking_strategy } = store;
  const made = lookups.ensureVectorStore({
    file_ids,
    ...(metadata !== undefined && { metadata }),
    ...(chunking_strategy !== undefined && { chunking_strategy }),
    ...life,
  });
  if (made === null) throw errors.vectorStoresUnsupported(place);
  return toToolResources({ ...resources, file_search: { vector_store_ids: [made] } });
}

const union = (...lists: readonly (readonly string[] | undefined)[]): string[] => [
  ...new Set(lists.flatMap((list) => list ?? [])),
];

/** Everything that either side names, each id once. */
export function mergeToolResources(one: ToolResources, other: ToolResources): ToolResources {
  const merged: ToolResources = {};
  if (one.code_interpreter !== undefined || other.code_interpreter !== undefined) {
    const file_ids = union(one.code_interpreter?.file_ids, other.code_interpreter?.file_ids);
    merged.code_interpreter = { file_ids };
  }
  if (one.file_search !== undefined || other.file_search !== undefined) {
    const stores = union(one.file_search?.vector_store_ids, other.file_search?.vector_store_ids);
    merged.file_search = { vector_store_ids: stores };
  }
  return merged;
}

type Tool = NonNullable<CreateMessage['attachments']>[number]['tools'][number]['type'];

/** The files attached for one tool, each once. */
function attachedFor(wanted: Tool, messages: readonly CreateMessage[]): string[] {
  const attachments = messages.flatMap((message) => message.attachments ?? []);
  const given = attachments.filter(({ tools }) => tools.some(({ type }) => type === wanted));
  return [...new Set(given.map(({ file_id }) => file_id))];
}

/** The code interpreter takes so many files of a thread (contract §4.7). */
const maxFiles = 20;
function addCodeFiles(resources: ToolResources, file_ids: string[]): ToolResources {
  const merged = mergeToolResources(resources, { code_interpreter: { file_ids } });
  const count = merged.code_interpreter?.file_ids.length ?? 0;
  if (count > maxFiles) {
    throw errors.tooManyFiles('tool_resources.code_interpreter.file_ids', maxFiles, count);
  }
  return merged;
}

/** Into the thread's vector store, which is made now if there is none or it has expired. */
function addSearchFiles(
  resources: ToolResources,
  file_ids: string[],
  lookups: UpstreamLookups,
): ToolResources {
  const [own] = resources.file_search?.vector_store_ids ?? [];
  const store = lookups.ensureVectorStore({ file_ids, ...threadStoreExpiry }, own);
  if (store === null || store === own) return resources;
  return { ...resources, file_search: { vector_store_ids: [store] } };
}

/**
 * A thread's resources once messages have brought their attachments (contract §4.3); the same value
 * when nothing changes. An endpoint without file search keeps attachments for it with the message.
 */
export function addAttachments(
  resources: ToolResources,
  messages: readonly CreateMessage[],
  lookups: UpstreamLookups,
): ToolResources {
  const forCode = attachedFor('code_interpreter', messages);
  const forSearch = attachedFor('file_search', messages);
  let shared = resources;
  if (forCode.length > 0) shared = addCodeFiles(shared, forCode);
  if (forSearch.length > 0) shared = addSearchFiles(shared, forSearch, lookups);
  return shared;
}
