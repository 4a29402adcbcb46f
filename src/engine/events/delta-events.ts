import type OpenAI from 'openai';
import type { MessageContent, ModelEvent } from '../models/model.ts';
import type { StreamEvent } from './event-bus.ts';

/* The delta events of contract §7.4. */
type Delta = Extract<ModelEvent, { type: 'delta' }>;
type MessageContentDelta = OpenAI.Beta.Threads.MessageContentDelta;
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;
type ToolCallDelta = OpenAI.Beta.Threads.Runs.ToolCallDelta;
type Annotation = NonNullable<Delta['annotation']>;

/** An annotation as a delta carries it: numbered within its part, citations with an empty quote. */
const annotationDelta = (annotation: Annotation, index: number) =>
  annotation.type === 'file_citation'
    ? { index, ...annotation, file_citation: { ...annotation.file_citation, quote: '' } }
    : { index, ...annotation };

const imagePart = (file_id: string, index: number): MessageContentDelta => ({
  index,
  type: 'image_file',
  image_file: { file_id },
});

/**
 * One piece of a message. The first text of a part says that it has no annotations yet; a reference
 * comes with its annotation, the `annotationIndex`th of the part, and with its marker unless that was told.
 */
export function messageDelta(
  id: string,
  { part: index, kind, text: value, annotation }: Delta,
  { first, annotationIndex }: { readonly first: boolean; readonly annotationIndex: number },
): StreamEvent {
  const notes = annotation === undefined ? [] : [annotationDelta(annotation, annotationIndex)];
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
  if (part.type === 'image_file') return [imagePart(part.image_file.file_id, index)];
  if (part.type !== 'text') return [];
  const { value, annotations } = part.text;
  const text = { value, annotations: annotations.map(annotationDelta) };
  return [{ index, type: part.type, text }];
}

const partDelta = (id: string, part: MessageContentDelta): StreamEvent => ({
  event: 'thread.message.delta',
  data: { id, object: 'thread.message.delta', delta: { content: [part] } },
});

/** An image, which is whole when it comes. */
export const imageDelta = (id: string, file_id: string, index: number): StreamEvent =>
  partDelta(id, imagePart(file_id, index));

/** A whole message at once: one delta for each part. */
export const contentDeltas = (id: string, content: readonly MessageContent[]): StreamEvent[] =>
  content.flatMap(wholePart).map((part) => partDelta(id, part));

const callDelta = (id: string, call: ToolCallDelta): StreamEvent => ({
  event: 'thread.run.step.delta',
  data: {
    id,
    object: 'thread.run.step.delta',
    delta: { step_details: { type: 'tool_calls', tool_calls: [call] } },
  },
});

/** More of the code of a call. */
export const inputDelta = (id: string, index: number, input: string): StreamEvent =>
  callDelta(id, { index, type: 'code_interpreter', code_interpreter: { input } });

/** What a call made, as far as deltas tell it: results of a search come with the step's end. */
export function outputDeltas(id: string, index: number, call: ToolCall): StreamEvent[] {
  if (call.type !== 'code_interpreter' || call.code_interpreter.outputs.length === 0) return [];
  const outputs = call.code_interpreter.outputs.map((output, place) => ({
    index: place,
    ...output,
  }));
  return [callDelta(id, { index, type: call.type, code_interpreter: { outputs } })];
}

/** A call before anything is known of it but what it is. */
function begunCall(call: ToolCall, index: number): ToolCallDelta {
  const { id } = call;
  if (call.type === 'function') {
    const { name } = call.function;
    return { index, id, type: call.type, function: { name, arguments: '', output: null } };
  }
  if (call.type === 'code_interpreter') {
    return { index, id, type: call.type, code_interpreter: { input: '', outputs: [] } };
  }
  return { index, id, type: call.type, file_search: { ...call.file_search, results: [] } };
}

/** One call of a tool step as far as it has come: it is named first, and then given the rest. */
export function wholeCall(id: string, call: ToolCall, index: number): StreamEvent[] {
  const begun = callDelta(id, begunCall(call, index));
  if (call.type === 'function') {
    const { arguments: args } = call.function;
    return [begun, callDelta(id, { index, type: call.type, function: { arguments: args } })];
  }
  const input = call.type === 'code_interpreter' ? call.code_interpreter.input : '';
  const inputs = input === '' ? [] : [inputDelta(id, index, input)];
  return [begun, ...inputs, ...outputDeltas(id, index, call)];
}

/** All calls of a tool step. */
export const toolCallDeltas = (id: string, calls: readonly ToolCall[]): StreamEvent[] =>
  calls.flatMap((call, index) => wholeCall(id, call, index));
