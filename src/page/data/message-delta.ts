import type OpenAI from 'openai';

type Message = OpenAI.Beta.Threads.Message;
type Content = Message['content'][number];
type Delta = OpenAI.Beta.Threads.MessageDelta;
type ContentDelta = NonNullable<Delta['content']>[number];

function appendPart(part: Content | undefined, delta: ContentDelta): Content | undefined {
  if (delta.type === 'text') {
    const before = part?.type === 'text' ? part.text : { value: '', annotations: [] };
    const added = (delta.text?.annotations ?? []).flatMap(toAnnotation);
    return {
      type: 'text',
      text: {
        value: before.value + (delta.text?.value ?? ''),
        annotations: [...before.annotations, ...added],
      },
    };
  }
  if (delta.type === 'refusal') {
    const before = part?.type === 'refusal' ? part.refusal : '';
    return { type: 'refusal', refusal: before + (delta.refusal ?? '') };
  }
  if (delta.type === 'image_file') {
    return { type: 'image_file', image_file: { file_id: delta.image_file?.file_id ?? '' } };
  }
  return { type: 'image_url', image_url: { url: delta.image_url?.url ?? '' } };
}

function toAnnotation({
  index: _index,
  ...annotation
}: OpenAI.Beta.Threads.AnnotationDelta): OpenAI.Beta.Threads.Annotation[] {
  const { text = '', start_index = 0, end_index = 0 } = annotation;
  if (annotation.type === 'file_citation') {
    const { file_id = '' } = annotation.file_citation ?? {};
    return [{ type: 'file_citation', text, start_index, end_index, file_citation: { file_id } }];
  }
  const { file_id = '' } = annotation.file_path ?? {};
  return [{ type: 'file_path', text, start_index, end_index, file_path: { file_id } }];
}

/** A message with the next piece of its stream. */
export function appendDelta(message: Message, { content = [] }: Delta): Message {
  const parts: (Content | undefined)[] = [...message.content];
  for (const delta of content) parts[delta.index] = appendPart(parts[delta.index], delta);
  return { ...message, content: parts.filter((part) => part !== undefined) };
}
