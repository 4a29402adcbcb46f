import * as z from 'zod';
import { fileId, listQuery, messageId, threadId } from '../schema/common.ts';
import {
  findLinkedFile,
  type MessageFile,
  messageFiles,
  pageLinkedFiles,
} from '../schema/linked-files.ts';
import { ApiError, missingPathStatuses } from '../shared/errors.ts';
import { compactPage } from './compact-result.ts';
import { page, withId } from './output-schemas.ts';
import { readFailure } from '../shared/sdk-failure.ts';
import { readJson } from './sdk-call.ts';
import { defineTool, type ToolContext } from './tool.ts';

const messagePath = { thread_id: threadId, message_id: messageId };

interface MessageIds {
  readonly thread_id: string;
  readonly message_id: string;
}

/** Only version 1 of the API has message files, so the SDK has no method for them. */
const headers = { 'OpenAI-Beta': 'assistants=v1' };

const filesPath = ({ thread_id, message_id }: MessageIds): string =>
  `/threads/${encodeURIComponent(thread_id)}/messages/${encodeURIComponent(message_id)}/files`;

/** Whether the server may lack message files. It answers 404 for an unknown message, too. */
function mayLackMessageFiles(error: unknown): boolean {
  const { status, code } = readFailure(error);
  return missingPathStatuses.has(status) || (status === 400 && code === 'invalid_beta');
}

const fileNotFound =
  ({ message_id }: MessageIds) =>
  (id: string): ApiError =>
    new ApiError(404, `No file found with id '${id}' in message '${message_id}'.`);

/**
 * Requests a message-file path, and where the server may lack it, derives the result from the
 * message (contract §4.6). Rejects with the server's error when there is no such message.
 */
async function fetchOrDerive(
  { path, query = {} }: { readonly path: string; readonly query?: object },
  { thread_id, message_id }: MessageIds,
  { openai, signal }: ToolContext,
  derive: (files: readonly MessageFile[]) => object,
): Promise<object> {
  try {
    return (await readJson(openai.get<object>(path, { query, headers, signal }))).body;
  } catch (error) {
    if (!mayLackMessageFiles(error)) throw error;
    const message = openai.beta.threads.messages.retrieve(message_id, { thread_id }, { signal });
    return derive(messageFiles((await readJson(message)).body));
  }
}

export const listMessageFilesTool = defineTool({
  name: 'list_message_files',
  title: 'List message files',
  description:
    'Lists the files (file-…) of a message (msg_…): attachments, images and generated files.',
  toolset: 'message_files',
  effect: 'read',
  input: z.strictObject({ ...messagePath, ...listQuery }),
  output: page,
  compact: compactPage({
    operation: 'get_message_file',
    idParameter: 'file_id',
    pathParameters: ['thread_id', 'message_id'],
  }),
  call: ({ thread_id, message_id, ...query }, context) => {
    const ids = { thread_id, message_id };
    return fetchOrDerive({ path: filesPath(ids), query }, ids, context, (files) =>
      pageLinkedFiles(files, query, fileNotFound(ids)),
    );
  },
});

export const getMessageFileTool = defineTool({
  name: 'get_message_file',
  title: 'Get message file',
  description: 'Gets the link between a message (msg_…) and one of its files (file-…).',
  toolset: 'message_files',
  effect: 'read',
  input: z.strictObject({ ...messagePath, file_id: fileId }),
  output: withId,
  call: ({ file_id, ...ids }, context) => {
    const path = `${filesPath(ids)}/${encodeURIComponent(file_id)}`;
    return fetchOrDerive({ path }, ids, context, (files) =>
      findLinkedFile(files, file_id, fileNotFound(ids)),
    );
  },
});
