import * as z from 'zod';
import { isObject } from '../schema/common.ts';
import { createRun, createThreadAndRun, submitToolOutputs } from '../schema/run.ts';
import { snakeCaseWord } from './instructions.ts';
import { getMessageFileTool, listMessageFilesTool } from './message-files.ts';
import {
  cancelRunTool,
  createRunTool,
  createThreadAndRunTool,
  getRunTool,
  listRunsTool,
  submitToolOutputsTool,
} from './runs.ts';
import { parseArguments, readArguments, type Tool, verboseParameter } from './tool.ts';

interface Alias {
  readonly tool: Tool;
  readonly name: string;
  /** The request body, which the alias takes as one argument. */
  readonly body?: z.ZodObject;
}

/**
 * The tool under another name, with its request body in the argument `body`. Its result is always
 * complete, because the specs describe the whole object.
 */
function toTool({ tool, name, body }: Alias): Tool {
  // A field of the body is named with its place.
  const description = tool.description.replaceAll(snakeCaseWord, (word) =>
    body !== undefined && word in body.shape ? `body.${word}` : word,
  );
  const others = { ...verboseParameter, ...body?.shape };
  const parameters = Object.entries(tool.input.shape).filter(([key]) => !(key in others));
  const input = z.strictObject({
    ...Object.fromEntries(parameters),
    ...(body !== undefined && { body }),
  });
  return {
    ...tool,
    name,
    description,
    input,
    call: async (args, context) => {
      const parsed = parseArguments(input, readArguments(input, args, tool.effect));
      const { body: bodyFields, ...otherArguments } = parsed;
      const fields = isObject(bodyFields) ? bodyFields : {};
      return tool.call({ ...otherArguments, ...fields, verbose: true }, context);
    },
  };
}

const aliases: readonly Alias[] = [
  {
    tool: createThreadAndRunTool,
    name: 'openai-apis-create-thread-and',
    body: createThreadAndRun,
  },
  { tool: listRunsTool, name: 'openai-apis-list-runs' },
  { tool: createRunTool, name: 'openai-apis-create-run', body: createRun },
  { tool: getRunTool, name: 'openai-apis-retrieve-run' },
  { tool: cancelRunTool, name: 'openai-apis-cancel-run' },
  { tool: submitToolOutputsTool, name: 'openai-apis-submit-tool-outputs', body: submitToolOutputs },
  { tool: listMessageFilesTool, name: 'openai-returns-list-message-files' },
  { tool: getMessageFileTool, name: 'openai-retrieves-message-file' },
];

/** The eight operations of the published capability specs, under the specs' names. */
export const capabilityTools: readonly Tool[] = aliases.map(toTool);
