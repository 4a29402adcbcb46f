import { sql } from 'kysely';
import { firstCharacters } from '../../shared/text.ts';
import { capabilitiesOf } from './capabilities.ts';
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

/** The first text of a message, which the beginning of its JSON has. */
const firstTextPattern = /"type":"text","text":\{"value":"((?:[^"\\]|\\.)*)/u;

function titleFrom(bodyStart: string): string | null {
  const escaped = firstTextPattern.exec(bodyStart)?.[1] ?? '';
  // An escape of a surrogate or a control character may be cut off.
  const whole = escaped.replace(/\\u[\da-f]{0,3}$/iu, '');
  const text = decode<string>(`"${whole}"`).trim().replaceAll(/\s+/gu, ' ');
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

/** Those of these threads whose id, metadata or messages contain a text, whatever its ASCII case. */
export async function threadsContaining<Row extends ThreadRow>(
  db: Database,
  threads: readonly Row[],
  text: string,
): Promise<readonly Row[]> {
  if (threads.length === 0) return [];
  const like = sql.raw(capabilitiesOf(db) === null ? 'like' : 'ilike');
  const rows = await db
    .selectFrom('messages')
    .select('thread_id')
    .distinct()
    .where(
      'thread_id',
      'in',
      threads.map(({ id }) => id),
    )
    .where(sql<boolean>`body ${like} ${containing(text)} escape '\\'`)
    .execute();
  const ids = new Set(rows.map(({ thread_id }) => thread_id));
  const isMatch = (value: string) => value.toLowerCase().includes(text.toLowerCase());
  return threads.filter(({ id, body }) => ids.has(id) || isMatch(id) || isMatch(body));
}
