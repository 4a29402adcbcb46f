/** Groups of tools that are listed by default, in listing order. */
export const defaultToolsets = [
  'runs',
  'run_steps',
  'message_files',
  'messages',
  'threads',
  'assistants',
  'files',
] as const;

/** All groups, in listing order: the last ones are listed only when they are named. */
export const toolsets = [...defaultToolsets, 'vector_stores'] as const;

export type Toolset = (typeof toolsets)[number];

/** Tools have their default names or those of the published capability specs. */
export const toolNames = ['default', 'capability'] as const;
export type ToolNames = (typeof toolNames)[number];

type NamesByToolset = Readonly<Record<Toolset, readonly string[]>>;

/** The names of all tools, in listing order: the configuration checks names without the tools. */
export const namesByToolset: Readonly<Record<ToolNames, NamesByToolset>> = {
  default: {
    runs: [
      'create_thread_and_run',
      'create_run',
      'list_runs',
      'get_run',
      'modify_run',
      'cancel_run',
      'submit_tool_outputs',
    ],
    run_steps: ['list_run_steps', 'get_run_step'],
    message_files: ['list_message_files', 'get_message_file'],
    messages: [
      'create_message',
      'list_messages',
      'get_message',
      'modify_message',
      'delete_message',
    ],
    threads: ['create_thread', 'list_threads', 'get_thread', 'modify_thread', 'delete_thread'],
    assistants: [
      'create_assistant',
      'list_assistants',
      'get_assistant',
      'modify_assistant',
      'delete_assistant',
      'list_models',
    ],
    files: ['upload_file', 'list_files', 'get_file', 'get_file_content', 'delete_file'],
    vector_stores: [
      'create_vector_store',
      'list_vector_stores',
      'add_vector_store_files',
      'search_vector_store',
      'delete_vector_store',
    ],
  },
  capability: {
    runs: [
      'openai-apis-create-thread-and',
      'openai-apis-list-runs',
      'openai-apis-create-run',
      'openai-apis-retrieve-run',
      'openai-apis-cancel-run',
      'openai-apis-submit-tool-outputs',
    ],
    run_steps: [],
    message_files: ['openai-returns-list-message-files', 'openai-retrieves-message-file'],
    messages: [],
    threads: [],
    assistants: [],
    files: [],
    vector_stores: [],
  },
};

/** Which tools are listed; a tool that is not listed cannot be called. */
export interface ToolFilter {
  readonly toolsets: readonly Toolset[];
  /** The only tools to list; null: all. */
  readonly tools: readonly string[] | null;
  readonly excludeTools: readonly string[];
  /** Lists only tools that change nothing, whatever the rest says. */
  readonly readOnly: boolean;
  readonly toolNames: ToolNames;
}

interface FilteredTool {
  readonly name: string;
  readonly toolset: Toolset;
  readonly effect: Effect;
}

/** The tools that pass a filter, in listing order. */
export const filterTools = <Item extends FilteredTool>(
  all: Readonly<Record<ToolNames, readonly Item[]>>,
  filter: ToolFilter,
): readonly Item[] =>
  all[filter.toolNames].filter(
    ({ name, toolset, effect }) =>
      filter.toolsets.includes(toolset) &&
      filter.tools?.includes(name) !== false &&
      !filter.excludeTools.includes(name) &&
      (!filter.readOnly || effect === 'read'),
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
