import type OpenAI from 'openai';
import { needsRowLock } from './capabilities.ts';
import {
  type Cursor,
  findDeletedCursor,
  type Page,
  type PageQuery,
  saveDeletedCursor,
  selectPage,
} from './keyset-page.ts';
import { type AssistantRow, type Database, decode, type ToolResources } from './schema.ts';

/** The stored fields of an assistant. An unset sampling setting is null here and 1 on the wire. */
export interface AssistantBody {
  name: string | null;
  description: string | null;
  model: string;
  instructions: string | null;
  tools: OpenAI.Beta.AssistantTool[];
  top_p: number | null;
  temperature: number | null;
  reasoning_effort: OpenAI.ReasoningEffort;
  tool_resources: ToolResources;
  metadata: Record<string, string>;
  response_format: OpenAI.Beta.Threads.AssistantResponseFormatOption;
}

/**
 * A sampling setting that a request gives, or else the stored one. An unset one is shown as 1: 1 sent
 * back where none is stored chooses nothing, and some models refuse the setting.
 */
export const chosenSampling = (
  given: number | null | undefined,
  stored: number | null,
): number | null => (given === 1 && stored === null ? null : (given ?? stored));

export const assistantBody = (row: AssistantRow): AssistantBody => decode(row.body);

/** The object of contract §4.1. */
export function toAssistant(row: AssistantRow): OpenAI.Beta.Assistant {
  const { top_p, temperature, ...body } = assistantBody(row);
  const { name, description, model, instructions, tools, ...otherFields } = body;
  const { tool_resources } = otherFields;
  // Hosted assistants showed an empty list, which programs read without a check.
  const file_search = tools.some(({ type }) => type === 'file_search')
    ? { file_search: { vector_store_ids: [] } }
    : {};
  return {
    id: row.id,
    object: 'assistant',
    created_at: row.created_at,
    name,
    description,
    model,
    instructions,
    tools,
    top_p: top_p ?? 1,
    temperature: temperature ?? 1,
    ...otherFields,
    tool_resources: { ...file_search, ...tool_resources },
  };
}

export const insertAssistant = (
  db: Database,
  id: string,
  created_at: number,
  body: AssistantBody,
): Promise<AssistantRow> =>
  db
    .insertInto('assistants')
    .values({ id, created_at, body: JSON.stringify(body) })
    .returningAll()
    .executeTakeFirstOrThrow();

export const findAssistant = (db: Database, id: string): Promise<AssistantRow | undefined> =>
  db.selectFrom('assistants').selectAll().where('id', '=', id).executeTakeFirst();

/** Finds and locks the assistant, in a transaction that changes it. */
export const lockAssistant = (db: Database, id: string): Promise<AssistantRow | undefined> =>
  db
    .selectFrom('assistants')
    .selectAll()
    .where('id', '=', id)
    .$if(needsRowLock(db), (query) => query.forNoKeyUpdate())
    .executeTakeFirst();

export const listAssistants = (db: Database, page: PageQuery): Promise<Page<AssistantRow>> =>
  selectPage(db.selectFrom('assistants').selectAll(), page);

export const updateAssistant = (
  db: Database,
  id: string,
  body: AssistantBody,
): Promise<AssistantRow> =>
  db
    .updateTable('assistants')
    .set({ body: JSON.stringify(body) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();

/** The list cursor of an assistant, which may have been deleted. */
export const assistantCursor = async (db: Database, id: string): Promise<Cursor | undefined> =>
  (await findAssistant(db, id)) ?? findDeletedCursor(db, 'assistants', id);

export async function deleteAssistant(db: Database, id: string): Promise<void> {
  const row = await db
    .deleteFrom('assistants')
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) await saveDeletedCursor(db, 'assistants', row);
}
