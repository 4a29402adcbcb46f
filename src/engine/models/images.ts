import { type EndpointFiles, EndpointFilesError } from './endpoint-files.ts';
import { type ContextMessage, type MessageContent, ModelFailure } from './model.ts';

type ImageFile = Extract<MessageContent, { type: 'image_file' }>;

async function toUrl(
  { image_file }: ImageFile,
  files: EndpointFiles | null,
  signal: AbortSignal,
): Promise<MessageContent> {
  const { file_id, detail = 'auto' } = image_file;
  const failure = (reason: string, isTransient = false) =>
    new ModelFailure(
      isTransient ? 'server_error' : 'invalid_prompt',
      `The image in file ${file_id} cannot be shown to the model: ${reason}`,
      isTransient ? 0 : null,
    );
  if (files === null) throw failure('this model endpoint has no files API.');
  try {
    const url = await files.readImage(file_id, signal);
    return { type: 'image_url', image_url: { url, detail } };
  } catch (error) {
    if (!(error instanceof EndpointFilesError)) throw error;
    const { status } = error;
    throw failure(error.message, status === null || status === 429 || status >= 500);
  }
}

type Conversion = (part: MessageContent) => Promise<MessageContent>;

const convertImages = (
  messages: readonly ContextMessage[],
  convert: Conversion,
): Promise<ContextMessage[]> =>
  Promise.all(
    messages.map(async (message) =>
      message.role === 'user'
        ? { ...message, content: await Promise.all(message.content.map(convert)) }
        : message,
    ),
  );

/** Replaces the image files in user messages by `data:` URLs, the only form that Chat takes. */
export const withImageUrls = (
  messages: readonly ContextMessage[],
  files: EndpointFiles | null,
  signal: AbortSignal,
): Promise<ContextMessage[]> =>
  convertImages(messages, async (part) =>
    part.type === 'image_file' ? toUrl(part, files, signal) : part,
  );

/** The same for the images of which this database has the bytes: the endpoint may not know them. */
export const withLocalImageUrls = (
  messages: readonly ContextMessage[],
  files: EndpointFiles | null,
  signal: AbortSignal,
): Promise<ContextMessage[]> =>
  convertImages(messages, async (part) => {
    if (part.type !== 'image_file' || files === null) return part;
    return (await files.isLocal(part.image_file.file_id)) ? toUrl(part, files, signal) : part;
  });
