/** Groups of tools, in listing order. */
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

/** Tools have their default names or those of the published capability specs. */
export const toolNames = ['default', 'capability'] as const;
export type ToolNames = (typeof toolNames)[number];

/** Which tools are listed. */
export interface ToolFilter {
  readonly toolsets: readonly Toolset[];
  /** Lists only tools that change nothing. */
  readonly readOnly: boolean;
  readonly names: ToolNames;
}

/** The tools that pass a filter, in listing order. */
export const filterTools = <Item extends { readonly toolset: Toolset; readonly effect: Effect }>(
  all: Readonly<Record<ToolNames, readonly Item[]>>,
  { toolsets: listed, readOnly, names }: ToolFilter,
): readonly Item[] =>
  all[names].filter(
    ({ toolset, effect }) => listed.includes(toolset) && (!readOnly || effect === 'read'),
  );

/** What a tool does to the API's objects; determines its MCP hints. */
export type Effect = 'read' | 'create' | 'modify' | 'delete';

/** The four MCP hints of an effect. */
export const annotations = (effect: Effect) => ({
  readOnlyHint: effect === 'read',
  destructiveHint: effect === 'delete',
  idempotentHint: effect !== 'create',
  openWorldHint: true,
});
