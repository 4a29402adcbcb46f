import * as z from 'zod';
import { createRun, createThreadAndRun, submitToolOutputs } from '../schema/run.ts';
import { getMessageFileTool, listMessageFilesTool } from './message-files.ts';
import {
  cancelRunTool,
  createRunTool,
  createThreadAndRunTool,
  getRunTool,
  listRunsTool,
  submitToolOutputsTool,
} from './runs.ts';
import { parseArguments, type Tool } from './tool.ts';

interface Capability {
  readonly tool: Tool;
  readonly name: string;
  readonly description: string;
  /** The request body, which these tools take as one argument; null when there is none. */
  readonly body: z.ZodObject | null;
}

/** The same tool with its request body under `body`, and everything else beside it. */
function withBodyArgument({ tool, name, description, body }: Capability): Tool {
  const renamed = { ...tool, name, description };
  if (body === null) return renamed;
  const beside = Object.entries(tool.input.shape).filter(([key]) => !(key in body.shape));
  const input = z.strictObject({ ...Object.fromEntries(beside), body });
  return {
    ...renamed,
    input,
    call: async (args, call) => {
      const { body: fields, ...parameters } = parseArguments(input, args);
      return tool.call({ ...parameters, ...fields }, call);
    },
  };
}

const capabilities: readonly Capability[] = [
  {
    tool: createThreadAndRunTool,
    name: 'openai-apis-create-thread-and',
    description: createThreadAndRunTool.description,
    body: createThreadAndRun,
  },
  {
    tool: listRunsTool,
    name: 'openai-apis-list-runs',
    description: listRunsTool.description,
    body: null,
  },
  {
    tool: createRunTool,
    name: 'openai-apis-create-run',
    description: createRunTool.description,
    body: createRun,
  },
  {
    tool: getRunTool,
    name: 'openai-apis-retrieve-run',
    description: getRunTool.description,
    body: null,
  },
  {
    tool: cancelRunTool,
    name: 'openai-apis-cancel-run',
    description:
      'Stops a run (run_…), which frees its thread. It may still complete. Twice does no harm.',
    body: null,
  },
  {
    tool: submitToolOutputsTool,
    name: 'openai-apis-submit-tool-outputs',
    description: submitToolOutputsTool.description,
    body: submitToolOutputs,
  },
  {
    tool: listMessageFilesTool,
    name: 'openai-returns-list-message-files',
    description: listMessageFilesTool.description,
    body: null,
  },
  {
    tool: getMessageFileTool,
    name: 'openai-retrieves-message-file',
    description: getMessageFileTool.description,
    body: null,
  },
];

/** The eight operations of the published capability specs, under the specs' names. */
export const capabilityTools: readonly Tool[] = capabilities.map(withBodyArgument);
