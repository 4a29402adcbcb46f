import { initialState } from '../../src/engine/run-state-machine.ts';
import { insertMessage, type MessageBody } from '../../src/engine/store/messages.ts';
import {
  insertRun,
  type Lease,
  noLease,
  runState,
  updateRun,
} from '../../src/engine/store/runs.ts';
import { type Database, type RunRow, type RunSettings } from '../../src/engine/store/schema.ts';
import { insertThread } from '../../src/engine/store/threads.ts';

/* Rows for tests of the store; their contents do not matter. */

/** A moment before the end of every lease and deadline below, in both units. */
export const now = { seconds: 1_790_000_000, milliseconds: 1_790_000_000_000 };

export const settings: RunSettings = {
  assistant_id: 'asst_1',
  model: 'gpt-4.1-mini',
  instructions: null,
  tools: [],
  tool_resources: {},
  temperature: null,
  top_p: null,
  reasoning_effort: null,
  max_completion_tokens: null,
  max_prompt_tokens: null,
  truncation_strategy: { type: 'auto', last_messages: null },
  response_format: 'auto',
  tool_choice: 'auto',
  parallel_tool_calls: true,
};

export const addThread = (db: Database, id: string, created_at = now.seconds) =>
  insertThread(db, id, created_at, { metadata: {}, tool_resources: {} });

export const messageWithText = (value: string): MessageBody => ({
  status: 'completed',
  incomplete_details: null,
  completed_at: now.seconds,
  incomplete_at: null,
  content: [{ type: 'text', text: { value, annotations: [] } }],
  assistant_id: null,
  attachments: [],
});

interface NewMessage {
  readonly thread_id: string;
  readonly text?: string;
  readonly run_id?: string;
  readonly created_at?: number;
}

export const addMessage = (db: Database, id: string, message: NewMessage) =>
  insertMessage(db, {
    id,
    created_at: message.created_at ?? now.seconds,
    thread_id: message.thread_id,
    run_id: message.run_id ?? null,
    role: 'user',
    metadata: {},
    body: messageWithText(message.text ?? 'Hello.'),
  });

interface NewRun extends Partial<Lease> {
  readonly thread_id?: string;
  readonly created_at?: number;
  readonly deadline?: number;
}

/** A queued run, by default on a thread of its own. */
export async function addRun(db: Database, id: string, run: NewRun = {}): Promise<RunRow> {
  const thread_id = run.thread_id ?? (await addThread(db, `thread_of_${id}`)).id;
  const deadline = run.deadline ?? now.seconds + 600;
  const { lease_token = null, lease_until = null } = run;
  const row = await insertRun(db, {
    id,
    created_at: run.created_at ?? now.seconds,
    thread_id,
    deadline,
    metadata: {},
    settings,
    state: initialState(deadline),
  });
  return lease_token === null ? row : moveRun(db, row, row.status, { lease_token, lease_until });
}

/** Sets the status of a run, and its lease; by default it has none. */
export const moveRun = (
  db: Database,
  run: RunRow,
  status: RunRow['status'],
  lease: Lease = noLease,
): Promise<RunRow> => updateRun(db, run, { status, state: runState(run), ...lease });
