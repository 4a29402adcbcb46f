import { sql } from 'kysely';
import { initialState } from '../src/engine/run-state-machine.ts';
import type { Database } from '../src/engine/store/schema.ts';
import { messageWithText, settings } from '../test/support/store-rows.ts';

/** Unix seconds at which all rows are created. */
const createdAt = Math.floor(Date.now() / 1000) - 60;
const deadline = createdAt + 86_400;
const instructions = 'You answer in one sentence, and say so when you do not know. '.repeat(5);

const question = messageWithText('What is the weather?');

const numbers = (count: number) =>
  sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(count)})`;

const body = JSON.stringify({ metadata: {}, tool_resources: {} });
const [settingsText, stateText] = [{ ...settings, instructions }, initialState(deadline)].map(
  (value) => JSON.stringify(value),
);

/** Inserts queued runs, each on its own thread with a question. */
export async function queueRuns(db: Database, count: number): Promise<void> {
  await sql`insert into threads (id, created_at, body) ${numbers(count)}
    select 'thread_' || i, ${sql.lit(createdAt)}, ${body} from n`.execute(db);
  await sql`insert into messages (id, created_at, thread_id, role, metadata, body) ${numbers(count)}
    select 'msg_' || i, ${sql.lit(createdAt)}, 'thread_' || i, 'user', '{}', ${JSON.stringify(question)}
    from n`.execute(db);
  await sql`insert into runs (id, created_at, thread_id, status, deadline, metadata, settings, state)
    ${numbers(count)}
    select 'run_' || i, ${sql.lit(createdAt)}, 'thread_' || i, 'queued', ${sql.lit(deadline)}, '{}',
      ${settingsText}, ${stateText} from n`.execute(db);
}

/** Inserts completed runs of a new thread, ten per second of creation time. */
export async function addEndedRuns(db: Database, thread_id: string, count: number): Promise<void> {
  await sql`insert into threads (id, created_at, body)
    values (${thread_id}, ${sql.lit(createdAt)}, ${body})`.execute(db);
  await sql`insert into runs (id, created_at, thread_id, status, deadline, metadata, settings, state)
    ${numbers(count)}
    select 'run_of_${sql.raw(thread_id)}_' || i, ${sql.lit(createdAt)} - i / 10, ${thread_id}, 'completed',
      ${sql.lit(deadline)}, '{}', ${settingsText}, ${stateText} from n`.execute(db);
}

/** Inserts messages with the same text into a thread, one per second of creation time. */
export async function addMessages(
  db: Database,
  { thread_id, count, text }: { thread_id: string; count: number; text: string },
): Promise<void> {
  const messageBody = JSON.stringify(messageWithText(text));
  await sql`insert into messages (id, created_at, thread_id, role, metadata, body) ${numbers(count)}
    select 'msg_of_' || ${thread_id} || '_' || i, ${sql.lit(createdAt)} + i, ${thread_id}, 'user', '{}',
      ${messageBody} from n`.execute(db);
}
