import type { CreateMessage } from '../../schema/message.ts';
import { errors } from '../http/errors.ts';
import type { ToolResources } from '../store/schema.ts';
import type { UpstreamLookups } from './upstream-lookups.ts';
import { mergeToolResources, threadStoreExpiry } from './tool-resources.ts';

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
