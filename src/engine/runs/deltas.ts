import type OpenAI from 'openai';
import type { FunctionCall, MessageContent, ModelEvent } from '../models/model.ts';
import type { StreamEvent } from './events.ts';

/* The delta events of contract §7.4. */

type Delta = Extract<ModelEvent, { type: 'delta' }>;
type MessageContentDelta = OpenAI.Beta.Threads.MessageContentDelta;
type Annotation = NonNullable<Delta['annotation']>;

/** An annotation as a delta carries it: numbered within its part, citations with an empty quote. */
const annotationDelta = (annotation: Annotation, index: number) =>
  annotation.type === 'file_citation'
    ? { index, ...annotation, file_citation: { ...annotation.file_citation, quote: '' } }
    : { index, ...annotation };

/**
 * One piece of a message. The first text of a part says that it has no annotations yet; a marker
 * comes with its annotation, the `noted`th of the part.
 */
export function messageDelta(
  id: string,
  { part: index, kind, text: value, annotation }: Delta,
  { first, noted }: { readonly first: boolean; readonly noted: number },
): StreamEvent {
  const notes = annotation === undefined ? [] : [annotationDelta(annotation, noted)];
  const annotations = first || notes.length > 0 ? { annotations: notes } : {};
  const content =
    kind === 'text'
      ? { index, type: kind, text: { value, ...annotations } }
      : { index, type: kind, refusal: value };
  const data = { id, object: 'thread.message.delta' as const, delta: { content: [content] } };
  return { event: 'thread.message.delta', data };
}

function wholePart(part: MessageContent, index: number): MessageContentDelta[] {
  if (part.type === 'refusal') return [{ index, ...part }];
  if (part.type !== 'text') return [];
  const { value, annotations } = part.text;
  const text = { value, annotations: annotations.map(annotationDelta) };
  return [{ index, type: part.type, text }];
}

/** A whole message at once: one delta for each part. */
export const contentDeltas = (id: string, content: readonly MessageContent[]): StreamEvent[] =>
  content.flatMap(wholePart).map((part) => ({
    event: 'thread.message.delta',
    data: { id, object: 'thread.message.delta', delta: { content: [part] } },
  }));

/** The calls of a tool step: each is named first and then given its arguments. */
export const toolCallDeltas = (id: string, calls: readonly FunctionCall[]): StreamEvent[] =>
  calls
    .flatMap(({ id: call_id, name, arguments: args }, index) => {
      const call = { index, type: 'function' } as const;
      return [
        { ...call, id: call_id, function: { name, arguments: '', output: null } },
        { ...call, function: { arguments: args } },
      ];
    })
    .map((call) => ({
      event: 'thread.run.step.delta',
      data: {
        id,
        object: 'thread.run.step.delta',
        delta: { step_details: { type: 'tool_calls', tool_calls: [call] } },
      },
    }));
