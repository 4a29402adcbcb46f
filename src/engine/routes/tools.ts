import type OpenAI from 'openai';
import type * as z from 'zod';
import type { newToolResources } from '../../schema/tool.ts';
import { errors } from '../http/errors.ts';
import type { ToolResources } from '../store/schema.ts';

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

/** Takes files and stores by id; stores to be made on the way need an API that is not here. */
export function takeToolResources(
  resources: z.infer<typeof newToolResources> | undefined,
  path = 'tool_resources',
): ToolResources {
  const { code_interpreter, file_search } = resources ?? {};
  if (file_search?.vector_stores?.length === 1) {
    throw errors.noVectorStores(`${path}.file_search.vector_stores`);
  }
  return {
    ...(code_interpreter === undefined
      ? {}
      : { code_interpreter: { file_ids: code_interpreter.file_ids ?? [] } }),
    ...(file_search === undefined
      ? {}
      : { file_search: { vector_store_ids: file_search.vector_store_ids ?? [] } }),
  };
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
