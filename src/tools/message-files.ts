import * as z from 'zod';
import { fileId, listQuery, messageId, threadId } from '../schema/common.ts';
import {
  findMessageFile,
  type MessageFile,
  messageFiles,
  pageMessageFiles,
} from '../schema/message-files.ts';
import { readJson } from './sdk-call.ts';
import { ApiError, missingPathStatuses } from '../shared/errors.ts';
import { readFailure } from './sdk-call.ts';
import { withId, page } from './output-schemas.ts';
import { type ToolContext, defineTool } from './tool.ts';

const path = { thread_id: threadId, message_id: messageId };

interface Place {
  readonly thread_id: string;
  readonly message_id: string;
}

/** Message files were of the first version alone, and the SDK no longer knows them. */
const headers = { 'OpenAI-Beta': 'assistants=v1' };

const address = (...segments: readonly string[]): string =>
  `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`;

const filesOf = ({ thread_id, message_id }: Place): string =>
  `${address('threads', thread_id, 'messages', message_id)}/files`;

/**
 * True for every answer of a server that may have no such path. An unknown thread or message answers
 * alike; reading the message tells which it is.
 */
function mayLackPath(error: unknown): boolean {
  const { status, code } = readFailure(error);
  return missingPathStatuses.has(status) || (status === 400 && code === 'invalid_beta');
}

const unknownIn =
  ({ message_id }: Place) =>
  (id: string): ApiError =>
    new ApiError(404, `No file found with id '${id}' in message '${message_id}'.`);

/** Asks the server for message files, else makes them of the message itself (contract §4.6). */
async function fetchOrDerive(
  ask: Promise<{ readonly body: object }>,
  derive: (files: readonly MessageFile[]) => object,
  { thread_id, message_id }: Place,
  { openai, signal }: ToolContext,
): Promise<object> {
  try {
    return (await ask).body;
  } catch (error) {
    if (!mayLackPath(error)) throw error;
    const message = openai.beta.threads.messages.retrieve(message_id, { thread_id }, { signal });
    return derive(messageFiles((await readJson(message)).body));
  }
}

export const listMessageFilesTool = defineTool({
  name: 'list_message_files',
  title: 'List message files',
  description:
    'Lists the files (file-…) of a message (msg_…): attached, images, or made by the code interpreter.',
  toolset: 'message_files',
  effect: 'read',
  input: z.strictObject({ ...path, ...listQuery }),
  output: page,
  call: ({ thread_id, message_id, ...query }, call) => {
    const place = { thread_id, message_id };
    const options = { query, headers, signal: call.signal };
    const ask = readJson(call.openai.get<object>(filesOf(place), options));
    return fetchOrDerive(
      ask,
      (files) => pageMessageFiles(files, query, unknownIn(place)),
      place,
      call,
    );
  },
});

export const getMessageFileTool = defineTool({
  name: 'get_message_file',
  title: 'Get message file',
  description: 'Reads the link between a message (msg_…) and one of its files (file-…).',
  toolset: 'message_files',
  effect: 'read',
  input: z.strictObject({ ...path, file_id: fileId }),
  output: withId,
  call: ({ file_id, ...place }, call) => {
    const file = `${filesOf(place)}${address(file_id)}`;
    const ask = readJson(call.openai.get<object>(file, { headers, signal: call.signal }));
    return fetchOrDerive(
      ask,
      (files) => findMessageFile(files, file_id, unknownIn(place)),
      place,
      call,
    );
  },
});
