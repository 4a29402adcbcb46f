import * as z from 'zod';
import { defaultPageSize, fileId, integer, listQuery } from '../schema/common.ts';
import { type ApiCall, readJson } from './sdk-call.ts';
import { ApiError, missingPathStatuses } from '../shared/errors.ts';
import { readFailure } from './sdk-call.ts';
import { type FilePreview, largestImage, readPreview } from './file-content.ts';
import { decodeUpload } from './file-content.ts';
import { deleted, withId, page } from './output-schemas.ts';
import { type ToolContext, defineTool } from './tool.ts';

const purposes = ['assistants', 'vision', 'user_data', 'batch', 'fine-tune', 'evals'] as const;

/** False for an endpoint without files: it does not list them either. */
async function keepsFiles({ openai, signal }: ToolContext): Promise<boolean> {
  try {
    await readJson(openai.files.list({ limit: 1 }, { signal }));
    return true;
  } catch (error) {
    return !missingPathStatuses.has(readFailure(error).status ?? 0);
  }
}

/** Waits for an answer about files, and says in one sentence when the endpoint has none. */
async function explainMissingFiles<Answer>(
  asked: Promise<Answer>,
  call: ToolContext,
): Promise<Answer> {
  try {
    return await asked;
  } catch (error) {
    const { status, code } = readFailure(error);
    const isTold = code === 'unsupported_endpoint';
    if (isTold || !missingPathStatuses.has(status ?? 0) || (await keepsFiles(call))) throw error;
    throw new ApiError(status, 'This endpoint keeps no files.');
  }
}

const bodyOf = async <Body extends object>(
  asked: ApiCall<Body>,
  call: ToolContext,
): Promise<Body> => (await explainMissingFiles(readJson(asked), call)).body;

export const uploadFileTool = defineTool({
  name: 'upload_file',
  title: 'Upload file',
  description:
    'Keeps a file (file-…), for attachments and tool_resources, from text or base64 of at most 2 MiB.',
  toolset: 'files',
  effect: 'create',
  input: z.strictObject({
    filename: z.string().min(1),
    text: z.string().exactOptional(),
    base64: z.string().exactOptional(),
    purpose: z.enum(purposes).exactOptional().meta({ default: 'assistants' }),
  }),
  output: withId,
  call: async ({ filename, purpose = 'assistants', ...given }, call) => {
    const file = new File([decodeUpload(given)], filename);
    const { openai, signal } = call;
    return bodyOf(openai.files.create({ file, purpose }, { signal }), call);
  },
});

const { limit, order, after } = listQuery;

export const listFilesTool = defineTool({
  name: 'list_files',
  title: 'List files',
  description: 'Lists the files (file-…) that are kept, newest first.',
  toolset: 'files',
  effect: 'read',
  input: z.strictObject({ limit, order, after, purpose: z.string().exactOptional() }),
  output: page,
  call: async (given, call) => {
    const query = { limit: defaultPageSize, ...given };
    const { openai, signal } = call;
    return bodyOf(openai.files.list(query, { signal }), call);
  },
});

export const getFileTool = defineTool({
  name: 'get_file',
  title: 'Get file',
  description: 'Reads name, size and purpose of a file (file-…).',
  toolset: 'files',
  effect: 'read',
  input: z.strictObject({ file_id: fileId }),
  output: withId,
  call: async ({ file_id }, call) => {
    const { openai, signal } = call;
    return bodyOf(openai.files.retrieve(file_id, { signal }), call);
  },
});

const unseen = 'Attach the file to a message, and an assistant can work with it.';

/** What is said of a file's content beside showing it. */
function describe(content: FilePreview, id: string, { names }: ToolContext): object {
  switch (content.kind) {
    case 'text': {
      const { text, offset, rest } = content;
      if (rest === null) return { offset, text };
      const place = `file_id ${JSON.stringify(id)} and offset ${rest}`;
      return { offset, text, next: `Call ${names('get_file_content')} with ${place} to read on.` };
    }
    case 'image':
      return { media_type: content.mimeType };
    case 'large image':
      return { note: `An image of more than ${largestImage} bytes is not shown. ${unseen}` };
    case 'other':
      return { note: `Neither UTF-8 text nor an image, so it is not shown. ${unseen}` };
  }
}

export const getFileContentTool = defineTool({
  name: 'get_file_content',
  title: 'Get file content',
  description:
    'Shows what is in a file (file-…): an image, or text by pages of 32,000 bytes; `next` tells how to read on.',
  toolset: 'files',
  effect: 'read',
  input: z.strictObject({ file_id: fileId, offset: integer(0).exactOptional() }),
  output: null,
  call: async ({ file_id, offset = 0 }, call) => {
    const { openai, signal } = call;
    const { filename, bytes } = await bodyOf(openai.files.retrieve(file_id, { signal }), call);
    const { body } = await openai.files.content(file_id, { signal });
    const content = await readPreview(body ?? new Blob([]).stream(), offset);
    if (content.kind === 'image') call.addImage(content);
    return { file_id, filename, bytes, ...describe(content, file_id, call) };
  },
});

export const deleteFileTool = defineTool({
  name: 'delete_file',
  title: 'Delete file',
  description: 'Deletes a file (file-…) for good, from every message and vector store.',
  toolset: 'files',
  effect: 'delete',
  input: z.strictObject({ file_id: fileId }),
  output: deleted,
  call: async ({ file_id }, call) => {
    const { openai, signal } = call;
    return bodyOf(openai.files.delete(file_id, { signal }), call);
  },
});
