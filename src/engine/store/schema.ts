import type OpenAI from 'openai';
import type { Generated, Kysely, Selectable } from 'kysely';

/**
 * The tables as Kysely sees them. Everything a user wrote stays inside JSON text: that way NUL and
 * lone surrogates survive every SQLite and PostgreSQL, which plain text columns do not promise.
 */
export interface Tables {
  assistants: AssistantTable;
  threads: ThreadTable;
  messages: MessageTable;
  runs: RunTable;
  steps: StepTable;
  turns: TurnTable;
  containers: ContainerTable;
  files: FileTable;
  gone: GoneTable;
}

export type Database = Kysely<Tables>;

/** What every listed row has: lists are ordered by `created_at`, then by `seq` (contract §3.1). */
interface Listed {
  /** Order of insertion; breaks ties between rows of the same second. */
  seq: Generated<number>;
  id: string;
  /** Unix seconds. */
  created_at: number;
}

interface AssistantTable extends Listed {
  body: string;
}

interface ThreadTable extends Listed {
  body: string;
}

interface MessageTable extends Listed {
  thread_id: string;
  /** The run that made the message; null for messages that were added. */
  run_id: string | null;
  role: OpenAI.Beta.Threads.Message['role'];
  metadata: string;
  body: string;
}

interface RunTable extends Listed {
  thread_id: string;
  status: OpenAI.Beta.Threads.RunStatus;
  /** Unix seconds at which the run expires if it is still live. */
  deadline: number;
  /** Names the one execution that may write to this run; null when nobody is executing it. */
  lease_token: string | null;
  /** Milliseconds since the epoch until which the lease holds. */
  lease_until: number | null;
  metadata: string;
  settings: string;
  state: string;
}

interface StepTable extends Listed {
  thread_id: string;
  run_id: string;
  body: string;
}

/** One model call of a run: what it returned, verbatim, and what its function calls were answered. */
interface TurnTable {
  run_id: string;
  position: number;
  items: string;
  outputs: string | null;
  usage: string;
}

/** Where a thread's code runs at the model endpoint, and the files that were put there. */
interface ContainerTable {
  thread_id: string;
  container_id: string;
  file_ids: string;
}

/** A copy of a file that a run made; it outlives its thread, which may be gone. */
interface FileTable {
  id: string;
  /** Unix seconds. */
  created_at: number;
  thread_id: string;
  run_id: string;
  body: string;
  /** Last, so that the rest is read without it. */
  content: Uint8Array;
}

/** Where a deleted row was in its list. */
interface GoneTable extends Omit<Listed, 'seq'> {
  /** Order of deletion. */
  number: Generated<number>;
  list: string;
  seq: number;
}

export type AssistantRow = Readonly<Selectable<AssistantTable>>;
export type ThreadRow = Readonly<Selectable<ThreadTable>>;
export type MessageRow = Readonly<Selectable<MessageTable>>;
export type RunRow = Readonly<Selectable<RunTable>>;
export type StepRow = Readonly<Selectable<StepTable>>;
/** A file without its content, which is read only when it is asked for. */
export type FileRow = Readonly<Pick<Selectable<FileTable>, 'id' | 'created_at' | 'body'>>;

/** The unique index that gives a thread at most one active run. */
export const threadLock = 'one_live_run_a_thread';

/** The statuses of runs that hold their thread (contract §5.1). */
export const activeStatuses = ['queued', 'in_progress', 'requires_action', 'cancelling'] as const;

export type Usage = OpenAI.Beta.Threads.Run.Usage & {
  prompt_token_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
};

/** What a run was asked to be: fixed when it is created (contract §5.9). */
export interface RunSettings {
  assistant_id: string;
  model: string;
  /** What the assistant or the run named, where `model` is used instead. */
  requested_model?: string;
  instructions: string | null;
  tools: OpenAI.Beta.AssistantTool[];
  tool_resources: ToolResources;
  /** Null where nobody set it: it is then not sent to the model, and shown as 1. */
  temperature: number | null;
  top_p: number | null;
  reasoning_effort: OpenAI.ReasoningEffort;
  max_completion_tokens: number | null;
  max_prompt_tokens: number | null;
  truncation_strategy: { type: 'auto' | 'last_messages'; last_messages: number | null };
  response_format: OpenAI.Beta.Threads.AssistantResponseFormatOption;
  tool_choice: OpenAI.Beta.Threads.AssistantToolChoiceOption;
  parallel_tool_calls: boolean;
}

/** What has become of a run so far; its status decides which fields are set (contract §5.2). */
export interface RunState {
  started_at: number | null;
  expires_at: number | null;
  cancelled_at: number | null;
  failed_at: number | null;
  completed_at: number | null;
  required_action: OpenAI.Beta.Threads.Run.RequiredAction | null;
  last_error: OpenAI.Beta.Threads.Run.LastError | null;
  incomplete_details: OpenAI.Beta.Threads.Run.IncompleteDetails | null;
  usage: Usage | null;
}

export interface ToolResources {
  code_interpreter?: { file_ids: string[] };
  file_search?: { vector_store_ids: string[] };
}

interface PartialToolResources {
  readonly code_interpreter?: { readonly file_ids?: string[] | null } | null;
  readonly file_search?: { readonly vector_store_ids?: string[] | null } | null;
}

/** Fills in the lists of ids that were left out, and puts the tools in one order. */
export const toToolResources = ({
  code_interpreter: code,
  file_search: search,
}: PartialToolResources): ToolResources => ({
  ...(code && { code_interpreter: { file_ids: code.file_ids ?? [] } }),
  ...(search && { file_search: { vector_store_ids: search.vector_store_ids ?? [] } }),
});

/** Reads a JSON text column, which holds what this program wrote there: a `T`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters, typescript/no-unsafe-type-assertion -- the one place where JSON text becomes a type
export const decode = <T>(text: string): T => JSON.parse(text) as T;
