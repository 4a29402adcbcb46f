import * as z from 'zod';
import { defaultPageSize, fileId, integer, listQuery } from '../schema/common.ts';
import { compactPage } from './compact-result.ts';
import { countOf, quote } from './confirm-deletion.ts';
import { decodeUpload, type FilePreview, maxImageBytes, readPreview } from './file-content.ts';
import { deleted, page, withId } from './output-schemas.ts';
import { readSupported } from './read-supported.ts';
import type { ApiCall } from './sdk-call.ts';
import { defineTool, type ToolContext } from './tool.ts';

const purposes = ['assistants', 'vision', 'user_data', 'batch', 'fine-tune', 'evals'] as const;

const fileSupport = ({ openai, signal }: ToolContext) => ({
  list: () => openai.files.list({ limit: 1 }, { signal }),
  message: 'This endpoint does not store files.',
});

/** Awaits a call on files and returns its body. Says so when the endpoint does not store files. */
const readFilesResponse = async <Body extends object>(
  call: ApiCall<Body>,
  context: ToolContext,
): Promise<Body> => (await readSupported(call, fileSupport(context))).body;

export const uploadFileTool = defineTool({
  name: 'upload_file',
  title: 'Upload file',
  description:
    'Uploads a file (file-…) of at most 2 MiB for attachments and tool_resources, from text or base64.',
  toolset: 'files',
  effect: 'create',
  input: z.strictObject({
    filename: z.string().min(1),
    text: z.string().exactOptional().meta({ description: 'Exactly one of text and base64' }),
    base64: z.string().exactOptional().meta({ description: 'For a file that is not text' }),
    purpose: z.enum(purposes).exactOptional().meta({ description: 'Default: assistants' }),
  }),
  output: withId,
  call: async ({ filename, purpose = 'assistants', ...upload }, context) => {
    const file = new File([decodeUpload(upload)], filename);
    const { openai, signal } = context;
    return readFilesResponse(openai.files.create({ file, purpose }, { signal }), context);
  },
});

const { limit, order, after } = listQuery;

export const listFilesTool = defineTool({
  name: 'list_files',
  title: 'List files',
  description: 'Lists stored files (file-…), newest first.',
  toolset: 'files',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({
    limit,
    order,
    after,
    purpose: z.string().exactOptional().meta({ description: 'Only of this purpose' }),
  }),
  output: page,
  compact: compactPage({ operation: 'get_file', idParameter: 'file_id' }),
  call: async (params, context) => {
    // Without a limit the API returns 10,000 files.
    const query = { limit: defaultPageSize, ...params };
    const { openai, signal } = context;
    return readFilesResponse(openai.files.list(query, { signal }), context);
  },
});

export const getFileTool = defineTool({
  name: 'get_file',
  title: 'Get file',
  description: 'Gets name, size and purpose of a file (file-…).',
  toolset: 'files',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({ file_id: fileId }),
  output: withId,
  call: async ({ file_id }, context) => {
    const { openai, signal } = context;
    return readFilesResponse(openai.files.retrieve(file_id, { signal }), context);
  },
});

const attachAdvice = 'Attach the file to a message so that an assistant can read it.';

/** The result's fields about the content; an image itself goes beside the result. */
function describePreview(preview: FilePreview, id: string, { toolName }: ToolContext): object {
  switch (preview.kind) {
    case 'text': {
      const { text, offset, nextOffset } = preview;
      if (nextOffset === null) return { offset, text };
      const args = `file_id ${JSON.stringify(id)} and offset ${nextOffset}`;
      const next = `Call ${toolName('get_file_content')} with ${args} to read the next page.`;
      return { offset, text, next };
    }
    case 'image':
      return { media_type: preview.mimeType };
    case 'large image':
      return { note: `Images of more than ${maxImageBytes} bytes are not shown. ${attachAdvice}` };
    case 'other':
      return { note: `Only UTF-8 text and images are shown. ${attachAdvice}` };
  }
}

export const getFileContentTool = defineTool({
  name: 'get_file_content',
  title: 'Get file content',
  description: 'Shows the content of a file (file-…): an image, or text in pages of 32,000 bytes.',
  toolset: 'files',
  effect: 'read',
  isUntrusted: true,
  input: z.strictObject({
    file_id: fileId,
    offset: integer(0).exactOptional().meta({ description: 'In bytes, from next' }),
  }),
  output: null,
  compact: null,
  call: async ({ file_id, offset = 0 }, context) => {
    const { openai, signal } = context;
    const file = await readFilesResponse(openai.files.retrieve(file_id, { signal }), context);
    const { filename, bytes } = file;
    const { body } = await openai.files.content(file_id, { signal });
    const preview = await readPreview(body ?? new Blob([]).stream(), offset);
    if (preview.kind === 'image') context.addImage(preview);
    return { file_id, filename, bytes, ...describePreview(preview, file_id, context) };
  },
});

export const deleteFileTool = defineTool({
  name: 'delete_file',
  title: 'Delete file',
  description: 'Permanently deletes a file (file-…), also from messages and vector stores.',
  toolset: 'files',
  effect: 'delete',
  input: z.strictObject({ file_id: fileId }),
  output: deleted,
  compact: null,
  deletion: ({ file_id }, context) => ({
    named: `the file ${file_id}`,
    describe: async () => {
      const call = context.openai.files.retrieve(file_id, { signal: context.signal });
      const { filename, bytes } = await readFilesResponse(call, context);
      return `the file ${quote(filename)} (${file_id}, ${countOf(bytes, 'byte')})`;
    },
  }),
  call: async ({ file_id }, context) => {
    const { openai, signal } = context;
    return readFilesResponse(openai.files.delete(file_id, { signal }), context);
  },
});
