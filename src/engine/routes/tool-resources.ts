import type OpenAI from 'openai';
import type * as z from 'zod';
import {
  defaultRanker,
  type toolResourcesOnCreate,
  type toolResources,
} from '../../schema/tool.ts';
import { errors } from '../http/errors.ts';
import type { NewVectorStore } from '../models/endpoint-files.ts';
import { type ToolResources, toToolResources } from '../store/schema.ts';
import { StalePreparation, type UpstreamStores } from './upstream-lookups.ts';
import type { NewMessageFields } from './v1-files.ts';

type AssistantTool = OpenAI.Beta.AssistantTool;

/** Fills in the defaults that the API's responses show (contract §3.3). */
export const normalizeTools = (tools: readonly AssistantTool[]): AssistantTool[] =>
  tools.map((tool) => {
    if (tool.type === 'function') {
      const { parameters = { type: 'object', properties: {} }, strict } = tool.function;
      return { ...tool, function: { ...tool.function, parameters, strict: strict ?? false } };
    }
    if (tool.type === 'code_interpreter') return tool;
    const { ranking_options, ...limits } = tool.file_search ?? {};
    const { ranker = defaultRanker, score_threshold = 0 } = ranking_options ?? {};
    const ranking = { ranker, score_threshold, hybrid_search: null };
    return { ...tool, file_search: { ...limits, ranking_options: ranking } };
  });

type ToolResourcesOf<Schema extends z.ZodType> = z.infer<Schema> | undefined;

/** Modified resources: null clears them, and those of an absent tool stay (contract §4.1). */
export const modifyToolResources = (
  current: ToolResources,
  resources: ToolResourcesOf<typeof toolResources>,
): ToolResources => (resources === null ? {} : toToolResources({ ...current, ...resources }));

/** When the vector store of a thread expires (contract §4.3). */
export const threadStoreExpiry = {
  expires_after: { anchor: 'last_active_at', days: 7 },
} as const satisfies Partial<NewVectorStore>;

/** The resources of a new object; creates the vector store that they describe. `path` leads to them. */
export async function createToolResources(
  resources: ToolResourcesOf<typeof toolResourcesOnCreate>,
  stores: UpstreamStores,
  path = 'tool_resources',
  expiry: Pick<NewVectorStore, 'expires_after'> = {},
): Promise<ToolResources> {
  const { vector_stores = [], vector_store_ids = [] } = resources?.file_search ?? {};
  const [store] = vector_stores;
  if (store === undefined) return toToolResources(resources ?? {});
  const param = `${path}.file_search.vector_stores`;
  if (vector_store_ids.length > 0) {
    throw errors.mutuallyExclusive(param, ['vector_stores', 'vector_store_ids']);
  }
  const { file_ids = [], metadata, chunking_strategy } = store;
  const id = await stores.ensure({
    file_ids,
    ...(metadata !== undefined && { metadata }),
    ...(chunking_strategy !== undefined && { chunking_strategy }),
    ...expiry,
  });
  if (id === null) throw errors.vectorStoresUnsupported(param);
  return toToolResources({ ...resources, file_search: { vector_store_ids: [id] } });
}

const union = (...lists: readonly (readonly string[] | undefined)[]): string[] => [
  ...new Set(lists.flatMap((list) => list ?? [])),
];

/** The ids of both, each once. */
export function mergeToolResources(one: ToolResources, other: ToolResources): ToolResources {
  const merged: ToolResources = {};
  if (one.code_interpreter !== undefined || other.code_interpreter !== undefined) {
    const file_ids = union(one.code_interpreter?.file_ids, other.code_interpreter?.file_ids);
    merged.code_interpreter = { file_ids };
  }
  if (one.file_search !== undefined || other.file_search !== undefined) {
    const vector_store_ids = union(
      one.file_search?.vector_store_ids,
      other.file_search?.vector_store_ids,
    );
    merged.file_search = { vector_store_ids };
  }
  return merged;
}

type Tool = NonNullable<NewMessageFields['attachments']>[number]['tools'][number]['type'];

/** The files attached for one tool, each once. */
function attachedFiles(tool: Tool, messages: readonly NewMessageFields[]): string[] {
  const attachments = messages.flatMap((message) => message.attachments ?? []);
  return union(
    attachments
      .filter(({ tools }) => tools.some(({ type }) => type === tool))
      .map(({ file_id }) => file_id),
  );
}

/** Files of one thread that the code interpreter takes (contract §4.7). */
export const maxCodeFiles = 20;

function addCodeFiles(
  resources: ToolResources,
  messages: readonly NewMessageFields[],
): ToolResources {
  const file_ids = attachedFiles('code_interpreter', messages);
  if (file_ids.length === 0) return resources;
  const merged = mergeToolResources(resources, { code_interpreter: { file_ids } });
  const count = merged.code_interpreter?.file_ids.length ?? 0;
  if (count > maxCodeFiles) {
    throw errors.tooManyFiles('tool_resources.code_interpreter.file_ids', maxCodeFiles, count);
  }
  return merged;
}

/** A thread's vector store before and after files were added; another one where it had expired. */
export interface SearchStore {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The vector store of an assistant or a thread. */
export const searchStoreId = ({ file_search }: ToolResources): string | undefined =>
  file_search?.vector_store_ids[0];

/**
 * Adds the files that messages attach for file search to the thread's vector store, or to a new one
 * where it has none. Null where there are no such files. An endpoint without file search leaves the
 * attachments with the message alone.
 */
export async function prepareAttachments(
  messages: readonly NewMessageFields[],
  stores: UpstreamStores,
  loadResources: () => Promise<ToolResources>,
): Promise<SearchStore | null> {
  const file_ids = attachedFiles('file_search', messages);
  if (file_ids.length === 0) return null;
  const resources = await loadResources();
  // Too many files for code are rejected before the endpoint is asked.
  addCodeFiles(resources, messages);
  const before = searchStoreId(resources);
  const others = new Set(messages.flatMap(({ otherFileIds = [] }) => otherFileIds));
  const files = { required: file_ids.filter((id) => !others.has(id)), optional: [...others] };
  const after = await stores.ensureWithOptional(files, threadStoreExpiry, before);
  return { before, after: after ?? before };
}

/**
 * A thread's resources with the files of new messages (contract §4.3); the same value when nothing
 * changes. `prepared` is what {@link prepareAttachments} made of an earlier state of them.
 */
export function addAttachments(
  resources: ToolResources,
  messages: readonly NewMessageFields[],
  prepared: SearchStore | null,
): ToolResources {
  const store = searchStoreId(resources);
  if (prepared !== null && prepared.before !== store) throw new StalePreparation();
  const withCodeFiles = addCodeFiles(resources, messages);
  if (prepared?.after === undefined || prepared.after === store) return withCodeFiles;
  return { ...withCodeFiles, file_search: { vector_store_ids: [prepared.after] } };
}
