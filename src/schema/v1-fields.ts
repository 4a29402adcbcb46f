import * as z from 'zod';
import { isObject, list } from './common.ts';
import { assistantTools, toolChoice } from './tool.ts';

/*
 * What requests of version 1 of the API had. The REST endpoints accept it whatever the header
 * `OpenAI-Beta` says; tools do not offer it.
 */

const fileSearch = 'file_search';

const isOfType = (tool: unknown, type: string): boolean => isObject(tool) && tool['type'] === type;

/** The tool `retrieval` under its later name. */
const renameTool = (tool: unknown): unknown =>
  isOfType(tool, 'retrieval') ? { ...Object(tool), type: fileSearch } : tool;

/** A list that names the tool under both names has it once. */
function renameTools(tools: unknown): unknown {
  if (!Array.isArray(tools)) return tools;
  const isRepeated = tools.some((tool) => isOfType(tool, fileSearch));
  const kept = isRepeated ? tools.filter((tool) => !isOfType(tool, 'retrieval')) : tools;
  return kept.map(renameTool);
}

/** A list of tools in which `retrieval` becomes `file_search`. */
export const withRetrieval = <Tools extends z.ZodType>(tools: Tools) =>
  z.preprocess(renameTools, tools);

/** Tools of an assistant or a run. */
export const v1AssistantTools = withRetrieval(assistantTools);

/** The tool that a run must call. */
export const v1ToolChoice = z.preprocess(renameTool, toolChoice).exactOptional();

/** The files of an assistant or a message. LangChain.js passes on its own name `fileIds`. */
export const v1FileIds = (maximum: number) => ({
  file_ids: list(z.string(), maximum).nullable().exactOptional(),
  fileIds: list(z.string(), maximum).nullable().exactOptional(),
});

export interface V1FileIds {
  readonly file_ids?: readonly string[] | null | undefined;
  readonly fileIds?: readonly string[] | null | undefined;
}

/** The ids under either name, each once; undefined where there is no list. */
export function fileIdsOf({ file_ids, fileIds }: V1FileIds): string[] | undefined {
  const lists = [file_ids, fileIds].filter((ids) => ids !== undefined && ids !== null);
  return lists.length === 0 ? undefined : [...new Set(lists.flat())];
}
