import { fileIdsOf } from '../../schema/v1-fields.ts';
import type { CreateMessage, CreateMessageBody } from '../../schema/message.ts';
import type { CreateRun } from '../../schema/run.ts';
import { assistantBody, findAssistant } from '../store/assistants.ts';
import type { Database, RunSettings } from '../store/schema.ts';

/* Version 1 of the API had files for all tools; here each file belongs to tools. */

type Tools = RunSettings['tools'];

export const hostedFileTools = ['code_interpreter', 'file_search'] as const;

/** A tool that reads files. */
export type FileTool = (typeof hostedFileTools)[number];

/** The tools among these that read files. */
export const fileToolsOf = (tools: Tools): FileTool[] =>
  hostedFileTools.filter((type) => tools.some((tool) => tool.type === type));

/** A message whose files all belong to tools. */
export interface NewMessageFields extends CreateMessage {
  /** Attached files that need not be searchable, because the client did not ask for a search. */
  readonly otherFileIds?: readonly string[];
}

/**
 * The message with its `file_ids` as attachments for `tools`, or for both tools that read files
 * where none of them is known.
 */
export function attachFileIds(
  { file_ids, fileIds, ...message }: CreateMessageBody,
  tools: readonly FileTool[] = [],
): NewMessageFields {
  const attachments = message.attachments ?? [];
  const attached = new Set(attachments.map(({ file_id }) => file_id));
  const others = fileIdsOf({ file_ids, fileIds });
  const otherFileIds = others?.filter((id) => !attached.has(id)) ?? [];
  if (otherFileIds.length === 0) return message;
  const types = tools.length === 0 ? hostedFileTools : tools;
  const added = otherFileIds.map((file_id) => ({
    file_id,
    tools: types.map((type) => ({ type })),
  }));
  return {
    ...message,
    attachments: [...attachments, ...added],
    ...(types.length > 1 && { otherFileIds }),
  };
}

/** The messages of a request that starts a run, whose tools are known. */
export async function attachForRun(
  db: Database,
  messages: readonly CreateMessageBody[],
  { assistant_id, tools }: Pick<CreateRun, 'assistant_id' | 'tools'>,
): Promise<NewMessageFields[]> {
  if (messages.every((message) => (fileIdsOf(message) ?? []).length === 0)) {
    return messages.map((message) => attachFileIds(message));
  }
  const assistant = await findAssistant(db, assistant_id);
  const defaults = assistant === undefined ? [] : assistantBody(assistant).tools;
  const fileTools = fileToolsOf(tools ?? defaults);
  return messages.map((message) => attachFileIds(message, fileTools));
}
