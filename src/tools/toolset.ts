import type { Tool } from './tool.ts';

/** The groups that tools are offered in, in the order in which they are listed. */
export const toolsets = [
  'runs',
  'run_steps',
  'message_files',
  'messages',
  'threads',
  'assistants',
  'files',
] as const;
export type Toolset = (typeof toolsets)[number];

/** Whether tools go by their own names or by those of the published capability specs. */
export const toolNames = ['default', 'capability'] as const;
export type ToolNames = (typeof toolNames)[number];

/** Which tools are offered. */
export interface Selection {
  readonly toolsets: readonly Toolset[];
  /** Leaves only tools that change nothing, whatever else is asked for. */
  readonly readOnly: boolean;
  readonly names: ToolNames;
}

/** Tells of a tool, under whichever name, whether it is among those offered. */
export const isSelected =
  ({ toolsets: wanted, readOnly }: Omit<Selection, 'names'>) =>
  ({ toolset, effect }: Pick<Tool, 'toolset' | 'effect'>): boolean =>
    wanted.includes(toolset) && (!readOnly || effect === 'read');
