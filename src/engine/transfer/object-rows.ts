import type { AssistantBody } from '../store/assistants.ts';
import type { TableRow } from '../store/raw-rows.ts';
import type { MessageBody } from '../store/messages.ts';
import { toToolResources } from '../store/schema.ts';
import type { ThreadBody } from '../store/threads.ts';
import type { MessageObject } from '../../schema/objects/message.ts';
import type { AssistantObject, ThreadObject } from '../../schema/objects/thread.ts';

/* Imported objects → rows. A body's keys are in the order in which the engine writes them. */

/**
 * A sampling setting for the database. The API shows 1 for an unset one; stored as 1 it would be sent
 * to models that reject the setting.
 */
export const samplingOrNull = (value: number | null | undefined): number | null =>
  value === undefined || value === 1 ? null : value;

export function assistantRow(object: AssistantObject): TableRow {
  const body: AssistantBody = {
    name: object.name ?? null,
    description: object.description ?? null,
    instructions: object.instructions ?? null,
    tools: stripNulls(object.tools ?? []),
    top_p: samplingOrNull(object.top_p),
    temperature: samplingOrNull(object.temperature),
    reasoning_effort: object.reasoning_effort ?? null,
    tool_resources: toToolResources(object.tool_resources ?? {}),
    metadata: object.metadata ?? {},
    response_format: stripNulls(object.response_format ?? 'auto'),
    model: object.model,
  };
  const { id, created_at } = object;
  return { table: 'assistants', row: { id, created_at, body: JSON.stringify(body) } };
}

export function threadRow(object: ThreadObject): TableRow {
  const body: ThreadBody = {
    metadata: object.metadata ?? {},
    tool_resources: toToolResources(object.tool_resources ?? {}),
  };
  const { id, created_at } = object;
  return { table: 'threads', row: { id, created_at, body: JSON.stringify(body) } };
}

/** OpenAI omitted the status of stored messages, all of which were complete (contract §14). */
function messageStatus(object: MessageObject, now: number) {
  const { status = 'completed', created_at } = object;
  if (status === 'in_progress') {
    const incomplete_details = { reason: 'run_failed' as const };
    return {
      status: 'incomplete' as const,
      incomplete_details,
      completed_at: null,
      incomplete_at: now,
    };
  }
  const isCompleted = status === null || status === 'completed';
  return {
    status: status ?? 'completed',
    incomplete_details: object.incomplete_details ?? null,
    completed_at: object.completed_at ?? (isCompleted ? created_at : null),
    incomplete_at: object.incomplete_at ?? null,
  };
}

/** A message in progress becomes incomplete at `now` (Unix seconds). */
export function messageRow(object: MessageObject, now: number): TableRow {
  const body: MessageBody = {
    ...messageStatus(object, now),
    content: stripNulls(object.content),
    assistant_id: object.assistant_id ?? null,
    attachments: stripNulls(object.attachments ?? []),
  };
  const { id, created_at, thread_id, run_id = null, role } = object;
  const metadata = JSON.stringify(object.metadata ?? {});
  return {
    table: 'messages',
    row: { id, created_at, thread_id, run_id, role, metadata, body: JSON.stringify(body) },
  };
}

/* Objects dumped through an SDK have null where the API omitted a field. */

/** Fields for which the API itself has null. */
const nullableFields: ReadonlySet<string> = new Set(['strict', 'hybrid_search']);
/** Fields with a user's JSON, in which null may have a meaning. */
const verbatimFields: ReadonlySet<string> = new Set(['parameters', 'schema']);
/** Python's SDK dumps `schema` as `schema_`, since `schema` is a method of its classes. */
const apiFieldName = (key: string): string => (key === 'schema_' ? 'schema' : key);

function stripUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => stripUnknown(inner));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const name = apiFieldName(key);
    if (inner === null && !nullableFields.has(name)) return [];
    return [[name, verbatimFields.has(name) ? inner : stripUnknown(inner)]];
  });
  return Object.fromEntries(entries);
}

/** The value without nulls that stand for omitted fields. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only optional fields are removed
export const stripNulls = <T>(value: T): T => stripUnknown(value) as T;
