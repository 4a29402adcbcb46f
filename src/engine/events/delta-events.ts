import type OpenAI from 'openai';
import type { MessageContent, ModelEvent } from '../models/model.ts';
import type { StreamEvent } from './event-bus.ts';

/* The delta events of contract §7.4. */
type Delta = Extract<ModelEvent, { type: 'delta' }>;
type MessageContentDelta = OpenAI.Beta.Threads.MessageContentDelta;
type ToolCall = OpenAI.Beta.Threads.Runs.ToolCall;
type ToolCallDelta = OpenAI.Beta.Threads.Runs.ToolCallDelta;
type Annotation = NonNullable<Delta['annotation']>;

/** An annotation in a delta: numbered within its part, file citations with an empty quote. */
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
 * A delta of a message. The first text delta of a part carries an `annotations` array even if it is
 * empty. `annotationIndex` numbers the delta's annotation within its part.
 */
export function messageDelta(
  id: string,
  { part: index, kind, text: value, annotation }: Delta,
  { isFirst, annotationIndex }: { readonly isFirst: boolean; readonly annotationIndex: number },
): StreamEvent {
  const added = annotation === undefined ? [] : [annotationDelta(annotation, annotationIndex)];
  const annotations = isFirst || added.length > 0 ? { annotations: added } : {};
  const content =
    kind === 'text'
      ? { index, type: kind, text: { value, ...annotations } }
      : { index, type: kind, refusal: value };
  const data = { id, object: 'thread.message.delta' as const, delta: { content: [content] } };
  return { event: 'thread.message.delta', data };
}

/** A complete part; none for a type that responses do not contain. */
function partDeltas(part: MessageContent, index: number): MessageContentDelta[] {
  if (part.type === 'refusal') return [{ index, ...part }];
  if (part.type === 'image_file') return [imagePart(part.image_file.file_id, index)];
  if (part.type !== 'text') return [];
  const { value, annotations } = part.text;
  const text = { value, annotations: annotations.map(annotationDelta) };
  return [{ index, type: part.type, text }];
}

const contentDelta = (id: string, part: MessageContentDelta): StreamEvent => ({
  event: 'thread.message.delta',
  data: { id, object: 'thread.message.delta', delta: { content: [part] } },
});

/** An image, always complete. */
export const imageDelta = (id: string, file_id: string, index: number): StreamEvent =>
  contentDelta(id, imagePart(file_id, index));

/** The content of a complete message: one delta per part. */
export const contentDeltas = (id: string, content: readonly MessageContent[]): StreamEvent[] =>
  content.flatMap(partDeltas).map((part) => contentDelta(id, part));

const stepDelta = (id: string, call: ToolCallDelta): StreamEvent => ({
  event: 'thread.run.step.delta',
  data: {
    id,
    object: 'thread.run.step.delta',
    delta: { step_details: { type: 'tool_calls', tool_calls: [call] } },
  },
});

/** Further code of a call. */
export const inputDelta = (id: string, index: number, input: string): StreamEvent =>
  stepDelta(id, { index, type: 'code_interpreter', code_interpreter: { input } });

/** The outputs of a call; search results have no delta, they come with the ended step. */
export function outputDeltas(id: string, index: number, call: ToolCall): StreamEvent[] {
  if (call.type !== 'code_interpreter' || call.code_interpreter.outputs.length === 0) return [];
  const outputs = call.code_interpreter.outputs.map((output, outputIndex) => ({
    index: outputIndex,
    ...output,
  }));
  return [stepDelta(id, { index, type: call.type, code_interpreter: { outputs } })];
}

/** A call without arguments, input, outputs and results. */
function initialCall(call: ToolCall, index: number): ToolCallDelta {
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

/** The deltas of one call in a tool step: first its id and type, then arguments, input, outputs. */
export function callDeltas(id: string, call: ToolCall, index: number): StreamEvent[] {
  const initial = stepDelta(id, initialCall(call, index));
  if (call.type === 'function') {
    const { arguments: args } = call.function;
    return [initial, stepDelta(id, { index, type: call.type, function: { arguments: args } })];
  }
  const input = call.type === 'code_interpreter' ? call.code_interpreter.input : '';
  const inputs = input === '' ? [] : [inputDelta(id, index, input)];
  return [initial, ...inputs, ...outputDeltas(id, index, call)];
}

/** The deltas of all calls in a tool step. */
export const toolStepDeltas = (id: string, calls: readonly ToolCall[]): StreamEvent[] =>
  calls.flatMap((call, index) => callDeltas(id, call, index));
