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
