import {
  createAssistantTool,
  deleteAssistantTool,
  getAssistantTool,
  listAssistantsTool,
  modifyAssistantTool,
} from './assistants.ts';
import { capabilityTools } from './capability.ts';
import {
  deleteFileTool,
  getFileContentTool,
  getFileTool,
  listFilesTool,
  uploadFileTool,
} from './files.ts';
import { getMessageFileTool, listMessageFilesTool } from './message-files.ts';
import {
  createMessageTool,
  deleteMessageTool,
  getMessageTool,
  listMessagesTool,
  modifyMessageTool,
} from './messages.ts';
import { getRunStepTool, listRunStepsTool } from './run-steps.ts';
import {
  cancelRunTool,
  createRunTool,
  createThreadAndRunTool,
  getRunTool,
  listRunsTool,
  modifyRunTool,
  submitToolOutputsTool,
} from './runs.ts';
import {
  createThreadTool,
  deleteThreadTool,
  getThreadTool,
  listThreadsTool,
  modifyThreadTool,
} from './threads.ts';
import type { Tool } from './tool.ts';
import type { ToolNames, Toolset } from './toolset.ts';

export { toolNames, toolsets, type ToolNames, type Toolset } from './toolset.ts';

/** Every tool, in the order in which they are listed. */
export const allTools: readonly Tool[] = [
  createThreadAndRunTool,
  createRunTool,
  listRunsTool,
  getRunTool,
  modifyRunTool,
  cancelRunTool,
  submitToolOutputsTool,
  listRunStepsTool,
  getRunStepTool,
  listMessageFilesTool,
  getMessageFileTool,
  createMessageTool,
  listMessagesTool,
  getMessageTool,
  modifyMessageTool,
  deleteMessageTool,
  createThreadTool,
  listThreadsTool,
  getThreadTool,
  modifyThreadTool,
  deleteThreadTool,
  createAssistantTool,
  listAssistantsTool,
  getAssistantTool,
  modifyAssistantTool,
  deleteAssistantTool,
  uploadFileTool,
  listFilesTool,
  getFileTool,
  getFileContentTool,
  deleteFileTool,
];

/** Which tools are offered. */
export interface Selection {
  readonly toolsets: readonly Toolset[];
  /** Leaves only tools that change nothing, whatever else is asked for. */
  readonly readOnly: boolean;
  readonly names: ToolNames;
}

/** The tools of a selection, in listing order. */
export function selectTools({ toolsets, readOnly, names }: Selection): readonly Tool[] {
  const named = names === 'capability' ? capabilityTools : allTools;
  return named.filter(
    (tool) => toolsets.includes(tool.toolset) && (!readOnly || tool.effect === 'read'),
  );
}
