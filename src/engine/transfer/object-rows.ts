import type { AssistantBody } from '../store/assistants.ts';
import type { TableRow } from '../store/raw-rows.ts';
import type { MessageBody } from '../store/messages.ts';
import { toToolResources } from '../store/schema.ts';
import type { ThreadBody } from '../store/threads.ts';
import type { MessageObject } from '../../schema/objects/message.ts';
import type { AssistantObject, ThreadObject } from '../../schema/objects/thread.ts';

/* Objects as rows. The keys of a body are written in the order in which the engine writes them. */

/**
 * A sampling setting as it is stored. 1 is what the API shows where nobody chose; taken for a
 * choice it would be sent to models that accept no such setting.
 */
export const samplingOrNull = (value: number | null | undefined): number | null =>
  value === undefined || value === 1 ? null : value;

export function assistantRow(it: AssistantObject): TableRow {
  const body: AssistantBody = {
    name: it.name ?? null,
    description: it.description ?? null,
    instructions: it.instructions ?? null,
    tools: stripNulls(it.tools ?? []),
    top_p: samplingOrNull(it.top_p),
    temperature: samplingOrNull(it.temperature),
    reasoning_effort: it.reasoning_effort ?? null,
    tool_resources: toToolResources(it.tool_resources ?? {}),
    metadata: it.metadata ?? {},
    response_format: stripNulls(it.response_format ?? 'auto'),
    model: it.model,
  };
  const { id, created_at } = it;
  return { table: 'assistants', row: { id, created_at, body: JSON.stringify(body) } };
}

export function threadCopy(it: ThreadObject): TableRow {
  const body: ThreadBody = {
    metadata: it.metadata ?? {},
    tool_resources: toToolResources(it.tool_resources ?? {}),
  };
  const { id, created_at } = it;
  return { table: 'threads', row: { id, created_at, body: JSON.stringify(body) } };
}

const bothTools = [{ type: 'code_interpreter' as const }, { type: 'file_search' as const }];

/** The first version of the API had file ids alone, open to every tool. */
const toAttachments = ({ attachments, file_ids }: MessageObject): MessageBody['attachments'] =>
  attachments ?? (file_ids ?? []).map((file_id) => ({ file_id, tools: bothTools }));

/** Hosted left out how a message stood: what it stored was complete (contract §14). */
function messageStatus(it: MessageObject, now: number) {
  const { status = 'completed', created_at } = it;
  if (status === 'in_progress') {
    const incomplete_details = { reason: 'run_failed' as const };
    return {
      status: 'incomplete' as const,
      incomplete_details,
      completed_at: null,
      incomplete_at: now,
    };
  }
  const isDone = status === null || status === 'completed';
  return {
    status: status ?? 'completed',
    incomplete_details: it.incomplete_details ?? null,
    completed_at: it.completed_at ?? (isDone ? created_at : null),
    incomplete_at: it.incomplete_at ?? null,
  };
}

/** A message that was being written at `now` (Unix seconds) will not be written any further. */
export function messageCopy(it: MessageObject, now: number): TableRow {
  const body: MessageBody = {
    ...messageStatus(it, now),
    content: stripNulls(it.content),
    assistant_id: it.assistant_id ?? null,
    attachments: stripNulls(toAttachments(it)),
  };
  const { id, created_at, thread_id, run_id = null, role } = it;
  const metadata = JSON.stringify(it.metadata ?? {});
  return {
    table: 'messages',
    row: { id, created_at, thread_id, run_id, role, metadata, body: JSON.stringify(body) },
  };
}
/*
 * Programs that wrote objects out through an SDK have null where the API had nothing. Fields that
 * are read as absent or filled have to be so again.
 */
/** Null is a value of theirs. */
const nullable: ReadonlySet<string> = new Set(['strict', 'hybrid_search']);
/** Somebody's own JSON, in which null may mean something. */
const verbatim: ReadonlySet<string> = new Set(['parameters', 'schema']);
/** In Python `schema` is a method already, so that dumps have another name for it. */
const nameOf = (key: string): string => (key === 'schema_' ? 'schema' : key);
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => strip(inner));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const name = nameOf(key);
    if (inner === null && !nullable.has(name)) return [];
    return [[name, verbatim.has(name) ? inner : strip(inner)]];
  });
  return Object.fromEntries(entries);
}

/** Tools, content and the like, without the nulls that stand for nothing. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only what may be absent may be null
export const stripNulls = <T>(value: T): T => strip(value) as T;
