import {
  inputSchema,
  advertiseModification,
  advertiseOutput,
  type JsonSchema,
} from './tool-listing.ts';
import { annotations, type Tool } from './tool.ts';

/** What is told of a tool before it is called. */
export interface ToolListing extends Omit<Tool, 'input' | 'output' | 'call'> {
  readonly annotations: ReturnType<typeof annotations>;
  readonly inputSchema: JsonSchema;
  /** null for a tool whose answer need not be structured. */
  readonly outputSchema: JsonSchema | null;
}

/** A tool as it is listed. */
export function toListing(tool: Tool): ToolListing {
  const { operation, name, title, description, toolset, effect, input, output } = tool;
  return {
    operation,
    name,
    title,
    description,
    toolset,
    effect,
    annotations: annotations(effect),
    inputSchema: effect === 'modify' ? advertiseModification(input) : inputSchema(input),
    outputSchema: output === null ? null : advertiseOutput(output),
  };
}
