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
export interface ToolFilter {
  readonly toolsets: readonly Toolset[];
  /** Leaves only tools that change nothing, whatever else is asked for. */
  readonly readOnly: boolean;
  readonly names: ToolNames;
}

/** What a selection offers of all that there is, in listing order. */
export const filterTools = <Each extends { readonly toolset: Toolset; readonly effect: Effect }>(
  all: Readonly<Record<ToolNames, readonly Each[]>>,
  { toolsets: wanted, readOnly, names }: ToolFilter,
): readonly Each[] =>
  all[names].filter(
    ({ toolset, effect }) => wanted.includes(toolset) && (!readOnly || effect === 'read'),
  );

/** What calling a tool does to the world; its MCP hints follow from it. */
export type Effect = 'read' | 'create' | 'modify' | 'delete';

/** The four MCP hints of an effect. */
export const annotations = (effect: Effect) => ({
  readOnlyHint: effect === 'read',
  destructiveHint: effect === 'delete',
  idempotentHint: effect !== 'create',
  openWorldHint: true,
});
