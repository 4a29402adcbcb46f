import { sql } from 'kysely';
import { initialState } from '../src/engine/run-state-machine.ts';
import type { Database } from '../src/engine/store/schema.ts';
import { messageWithText, settings } from '../test/support/store-rows.ts';

/** Unix seconds at which everything here was created. */
export const begun = Math.floor(Date.now() / 1000) - 60;
const deadline = begun + 86_400;
const instructions = 'You answer in one sentence, and say so when you do not know. '.repeat(5);

const question = messageWithText('What is the weather?');

const numbers = (count: number) =>
  sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(count)})`;

const body = JSON.stringify({ metadata: {}, tool_resources: {} });
const [settingsText, stateText] = [{ ...settings, instructions }, initialState(deadline)].map(
  (it) => JSON.stringify(it),
);

/** Runs that are waiting to be executed, each on a thread with a question of its own. */
export async function queueRuns(db: Database, count: number): Promise<void> {
  await sql`insert into threads (id, created_at, body) ${numbers(count)}
    select 'thread_' || i, ${sql.lit(begun)}, ${body} from n`.execute(db);
  await sql`insert into messages (id, created_at, thread_id, role, metadata, body) ${numbers(count)}
    select 'msg_' || i, ${sql.lit(begun)}, 'thread_' || i, 'user', '{}', ${JSON.stringify(question)}
    from n`.execute(db);
  await sql`insert into runs (id, created_at, thread_id, status, deadline, metadata, settings, state)
    ${numbers(count)}
    select 'run_' || i, ${sql.lit(begun)}, 'thread_' || i, 'queued', ${sql.lit(deadline)}, '{}',
      ${settingsText}, ${stateText} from n`.execute(db);
}

/** Runs of one thread that have come to their end, ten in a second. */
export async function addEndedRuns(db: Database, thread_id: string, count: number): Promise<void> {
  await sql`insert into threads (id, created_at, body)
    values (${thread_id}, ${sql.lit(begun)}, ${body})`.execute(db);
  await sql`insert into runs (id, created_at, thread_id, status, deadline, metadata, settings, state)
    ${numbers(count)}
    select 'run_of_${sql.raw(thread_id)}_' || i, ${sql.lit(begun)} - i / 10, ${thread_id}, 'completed',
      ${sql.lit(deadline)}, '{}', ${settingsText}, ${stateText} from n`.execute(db);
}

/** Messages of one thread, one in a second, that all say the same. */
export async function addMessages(
  db: Database,
  { thread_id, count, text }: { thread_id: string; count: number; text: string },
): Promise<void> {
  const said = JSON.stringify(messageWithText(text));
  await sql`insert into messages (id, created_at, thread_id, role, metadata, body) ${numbers(count)}
    select 'msg_of_' || ${thread_id} || '_' || i, ${sql.lit(begun)} + i, ${thread_id}, 'user', '{}',
      ${said} from n`.execute(db);
}
