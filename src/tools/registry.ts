import {
  createAssistantTool,
  deleteAssistantTool,
  getAssistantTool,
  listAssistantsTool,
  listModelsTool,
  modifyAssistantTool,
} from './assistants.ts';
import { capabilityTools } from './capability-aliases.ts';
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
import {
  addVectorStoreFilesTool,
  createVectorStoreTool,
  deleteVectorStoreTool,
  listVectorStoresTool,
  searchVectorStoreTool,
} from './vector-stores.ts';

/** Every tool under its default name, in listing order. */
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
  listModelsTool,
  uploadFileTool,
  listFilesTool,
  getFileTool,
  getFileContentTool,
  deleteFileTool,
  createVectorStoreTool,
  listVectorStoresTool,
  addVectorStoreFilesTool,
  searchVectorStoreTool,
  deleteVectorStoreTool,
];

/** Finds a tool by its default or capability name. Throws for an unknown name. */
export function findTool(name: string): Tool {
  const tool = [...allTools, ...capabilityTools].find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool is named ${name}`);
  return tool;
}
