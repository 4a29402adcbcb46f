import type OpenAI from 'openai';
import type { Generated, Kysely, Selectable } from 'kysely';
import type { VectorStoreTables } from './vector-store-schema.ts';

/**
 * The tables as Kysely sees them. User text is stored as JSON, which escapes NUL and lone surrogates:
 * plain text columns of SQLite and PostgreSQL do not preserve them.
 */
export interface Tables extends VectorStoreTables {
  assistants: AssistantTable;
  threads: ThreadTable;
  messages: MessageTable;
  runs: RunTable;
  steps: StepTable;
  turns: TurnTable;
  containers: ContainerTable;
  files: FileTable;
  file_parts: FilePartTable;
  unused_contents: UnusedContentTable;
  uploads: UploadTable;
  upload_parts: UploadPartTable;
  gone: DeletedCursorTable;
  clocks: ClockTable;
  idempotency_keys: IdempotencyKeyTable;
  waiting_requests: WaitingRequestTable;
  chunk_files: ChunkFileTable;
  chunks: ChunkTable;
  chunk_index: ChunkIndexTable;
  chunk_vectors: ChunkVectorTable;
}

export type Database = Kysely<Tables>;

/** The columns of every listed table: lists are ordered by `created_at`, then `seq` (contract §3.1). */
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
  /** The run that created the message; null for messages that a client added. */
  run_id: string | null;
  role: OpenAI.Beta.Threads.Message['role'];
  metadata: string;
  body: string;
}

interface RunTable extends Listed {
  thread_id: string;
  status: OpenAI.Beta.Threads.RunStatus;
  /** Unix seconds at which the run expires if it is still active. */
  deadline: number;
  /** Identifies the one execution that may write to this run; null while no worker executes it. */
  lease_token: string | null;
  /** Milliseconds since the epoch until which the lease is valid. */
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

/** One model call of a run: its output items, verbatim, and the tool outputs that were submitted. */
interface TurnTable {
  run_id: string;
  position: number;
  items: string;
  outputs: string | null;
  usage: string;
}

/** The code interpreter container of a thread at the model endpoint, and the files copied into it. */
interface ContainerTable {
  thread_id: string;
  container_id: string;
  file_ids: string;
}

/** A file whose content is in this database; it may outlive its thread. */
interface FileTable extends Listed {
  purpose: string;
  /** Unix seconds; null: never. */
  expires_at: number | null;
  /** The thread and run whose code generated the file; null for files that clients uploaded. */
  thread_id: string | null;
  run_id: string | null;
  bytes: number;
  body: string;
}

/** A piece of content: of a file, or of a part of an upload, by its owner's id. */
interface FilePartTable {
  owner_id: string;
  /** From 0; a piece has at most 1 MiB, those of old files more. */
  position: number;
  content: Uint8Array;
}

/** Content that no file refers to: one that is being uploaded, or whose file was deleted. */
interface UnusedContentTable {
  owner_id: string;
  /** Milliseconds since the epoch after which the content is deleted. */
  delete_after: number;
}

/** An upload in parts, which becomes a file when it is completed. */
interface UploadTable extends Listed {
  /** Unix seconds. */
  expires_at: number;
  status: OpenAI.Upload['status'];
  body: string;
}

interface UploadPartTable extends Listed {
  upload_id: string;
  bytes: number;
}

/** The list position of a deleted row. */
interface DeletedCursorTable extends Omit<Listed, 'seq'> {
  /** Order of deletion. */
  number: Generated<number>;
  list: string;
  seq: number;
}

/** Only in SQLite: when the machine started, by its clock before somebody set it. */
interface ClockTable {
  /** Containers may count their own uptime; empty outside of them. */
  container: string;
  started_at_ms: number;
}

/** A request with the header `Idempotency-Key`, and what it was answered with. */
interface IdempotencyKeyTable {
  /** The hash of path and key. */
  id: string;
  /** Unix seconds. */
  created_at: number;
  body_hash: string;
  /** The answer is deleted with this thread; null for one that outlives it. */
  thread_id: string | null;
  /** The object of the answer, as JSON. */
  object: string;
  /** For submitted outputs: the number of events that a stream of the run leaves out. */
  skipped_events: number;
}

/** A request that waits for the run of a thread to end. */
interface WaitingRequestTable {
  /** Order of arrival. */
  seq: Generated<number>;
  thread_id: string;
  /** Milliseconds since the epoch. */
  valid_until: number;
}

/** A file whose chunks a vector store has; there may be an older version of it until it is replaced. */
interface ChunkFileTable {
  seq: Generated<number>;
  vector_store_id: string;
  file_id: string;
  /** 1 when all chunks are stored: only then they are found. */
  is_complete: number;
  chunk_count: number;
  /** The number of terms in all chunks. */
  term_count: number;
  /** What made the vectors of all chunks, as a key; null until they have vectors. */
  embedding: string | null;
}

/** A passage of a file. Text is well-formed and without NUL, so that a text column preserves it. */
interface ChunkTable {
  /** See `chunkId`. */
  id: number;
  page: number | null;
  text: string;
  /** The number of terms in the text. */
  term_count: number;
  /** How often the text has each of its terms; see `engine/terms/term-keys.ts`. */
  terms: Uint8Array;
}

/** The full-text index: keys of the terms of each chunk. In SQLite an FTS5 table. */
interface ChunkIndexTable {
  id: number;
  keys: string;
}

/** Vectors of consecutive chunks, each of `dimensions` signed bytes. */
interface ChunkVectorTable {
  file_seq: number;
  /** The position of the first chunk. */
  position: number;
  embedding: string;
  dimensions: number;
  vectors: Uint8Array;
}

export type AssistantRow = Readonly<Selectable<AssistantTable>>;
export type ThreadRow = Readonly<Selectable<ThreadTable>>;
export type MessageRow = Readonly<Selectable<MessageTable>>;
export type RunRow = Readonly<Selectable<RunTable>>;
export type StepRow = Readonly<Selectable<StepTable>>;
export type IdempotencyKeyRow = Readonly<Selectable<IdempotencyKeyTable>>;
/** A file without its content, which is read separately. */
export type FileRow = Readonly<Selectable<FileTable>>;
export type UploadRow = Readonly<Selectable<UploadTable>>;
export type UploadPartRow = Readonly<Selectable<UploadPartTable>>;

/** The unique index that gives a thread at most one active run. */
export const threadLock = 'one_live_run_a_thread';

export type Usage = OpenAI.Beta.Threads.Run.Usage & {
  prompt_token_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
};

/** The settings of a run, fixed when it is created (contract §5.9). */
export interface RunSettings {
  assistant_id: string;
  model: string;
  /** The model that the assistant or the run names, if `model` replaces it. */
  requested_model?: string;
  instructions: string | null;
  tools: OpenAI.Beta.AssistantTool[];
  tool_resources: ToolResources;
  /** Null if unset: then not sent to the model, and 1 on the wire. */
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

/** The progress of a run; its status decides which fields are set (contract §5.2). */
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
  /** Why the model is being called again; only until it answers. */
  retried_error?: OpenAI.Beta.Threads.Run.LastError;
  /** Settings that the model refuses and was not sent. */
  omitted_parameters?: readonly string[];
  /** Hosted tools that the endpoint lacks. */
  omitted_tools?: readonly string[];
  /** How the reply differs from the run's `response_format`. */
  response_format_mismatch?: string;
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

/** Parses a JSON text column. This program wrote it, so it is trusted to be a `T`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters, typescript/no-unsafe-type-assertion -- the one place where JSON text becomes a type
export const decode = <T>(text: string): T => JSON.parse(text) as T;
