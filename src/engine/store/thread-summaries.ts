import { type RawBuilder, sql } from 'kysely';
import { yieldIfOthersWait } from '../../shared/clock.ts';
import { firstCharacters } from '../../shared/text.ts';
import { capabilitiesOf } from './capabilities.ts';
import { type Cursor, selectPage } from './keyset-page.ts';
import { newestRuns, type RunOverviewRow } from './run-overview.ts';
import { type Database, decode, type ThreadRow } from './schema.ts';

/** What a list of threads shows of each. */
export interface ThreadSummary {
  /** The beginning of the first message of the user; null where it has no text. */
  readonly title: string | null;
  readonly newestRun: RunOverviewRow | null;
}

/** In UTF-16 units. */
const maxTitleLength = 120;

/** The first text of a message, which the beginning of its JSON has; a part of an escape is left out. */
const firstTextPattern = /"type":"text","text":\{"value":"((?:[^"\\]|\\u[\da-fA-F]{4}|\\[^u])*)/u;

function titleFrom(bodyStart: string): string | null {
  const escaped = firstTextPattern.exec(bodyStart)?.[1] ?? '';
  const text = decode<string>(`"${escaped}"`).trim().replaceAll(/\s+/gu, ' ');
  return text === '' ? null : firstCharacters(text, maxTitleLength);
}

async function titles(
  db: Database,
  thread_ids: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  const first = db
    .selectFrom('threads')
    .select((thread) =>
      thread
        .selectFrom('messages as message')
        .select('message.id')
        .whereRef('message.thread_id', '=', 'threads.id')
        .where('message.role', '=', 'user')
        .orderBy('message.created_at')
        .orderBy('message.seq')
        .limit(1)
        .as('id'),
    )
    .where('threads.id', 'in', thread_ids);
  const rows = await db
    .selectFrom('messages')
    .select(['thread_id', sql<string>`substr(body, 1, 2000)`.as('body_start')])
    .where('id', 'in', first)
    .execute();
  return new Map(rows.map(({ thread_id, body_start }) => [thread_id, titleFrom(body_start)]));
}

/** The summaries of some threads, by id. */
export async function summarizeThreads(
  db: Database,
  threads: readonly Pick<ThreadRow, 'id'>[],
): Promise<ReadonlyMap<string, ThreadSummary>> {
  if (threads.length === 0) return new Map();
  const ids = threads.map(({ id }) => id);
  const [titleOf, runOf] = [await titles(db, ids), await newestRuns(db, ids)];
  return new Map(
    ids.map((id) => [id, { title: titleOf.get(id) ?? null, newestRun: runOf.get(id) ?? null }]),
  );
}

/** A LIKE pattern for rows whose JSON text contains this text. */
const containing = (text: string): string =>
  `%${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[\\%_]/gu, String.raw`\$&`)}%`;

/** Messages that are searched at once: SQLite keeps the process waiting. */
const messagesPerSearch = 20;

/** Whether a message of a thread matches a condition on its body. */
async function hasMessage(
  db: Database,
  thread_id: string,
  condition: RawBuilder<boolean>,
): Promise<boolean> {
  let after: Cursor | undefined;
  do {
    const page: { rows: (Cursor & { hit: unknown })[]; has_more: boolean } = await selectPage(
      db
        .selectFrom('messages')
        .select(['created_at', 'seq', condition.as('hit')])
        .where('thread_id', '=', thread_id),
      { limit: messagesPerSearch, order: 'asc', ...(after !== undefined && { after }) },
    );
    // SQLite has no booleans.
    if (page.rows.some(({ hit }) => hit === true || hit === 1)) return true;
    after = page.has_more ? page.rows.at(-1) : undefined;
    await yieldIfOthersWait();
  } while (after !== undefined);
  return false;
}

/** Those of these threads whose id, metadata or messages contain a text, whatever its ASCII case. */
export async function threadsContaining<Row extends ThreadRow>(
  db: Database,
  threads: readonly Row[],
  text: string,
): Promise<readonly Row[]> {
  const like = sql.raw(capabilitiesOf(db) === null ? 'like' : 'ilike');
  const condition = sql<boolean>`body ${like} ${containing(text)} escape '\\'`;
  const isIn = (value: string) => value.toLowerCase().includes(text.toLowerCase());
  const found: Row[] = [];
  for (const row of threads) {
    const isMatch = isIn(row.id) || isIn(row.body) || (await hasMessage(db, row.id, condition));
    if (isMatch) found.push(row);
  }
  return found;
}
