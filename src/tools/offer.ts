import {
  advertiseInput,
  advertiseModification,
  advertiseOutput,
  type JsonSchema,
} from './tool-listing.ts';
import { hints, type Tool } from './tool.ts';

/** What is told of a tool before it is called. */
export interface Offer extends Omit<Tool, 'input' | 'output' | 'call'> {
  readonly annotations: ReturnType<typeof hints>;
  readonly inputSchema: JsonSchema;
  /** null for a tool whose answer need not be structured. */
  readonly outputSchema: JsonSchema | null;
}

/** A tool as it is listed. */
export function offer(tool: Tool): Offer {
  const { operation, name, title, description, toolset, effect, input, output } = tool;
  return {
    operation,
    name,
    title,
    description,
    toolset,
    effect,
    annotations: hints(effect),
    inputSchema: effect === 'modify' ? advertiseModification(input) : advertiseInput(input),
    outputSchema: output === null ? null : advertiseOutput(output),
  };
}
