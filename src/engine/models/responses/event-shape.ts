import { fieldOf } from '../../../shared/json.ts';
import type OpenAI from 'openai';
import { checkShape, malformedAnswer, type Shape } from '../json-shape.ts';
import { toStreamError } from '../upstream-error.ts';

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

const annotation: Shape = {
  type: 'string',
  file_id: 'string',
  container_id: 'string',
  filename: 'string',
  index: 'number',
};

const part: Shape = {
  type: 'string',
  text: 'string',
  refusal: 'string',
  annotations: [annotation],
};

const content: Shape = (value) => (typeof value === 'string' ? 'string' : [part]);

const searchResult: Shape = {
  file_id: 'string',
  filename: 'string',
  text: 'string',
  score: 'number',
  attributes: {},
};

/** The type of an item; some servers leave it out of messages. */
export const itemType = (value: unknown): unknown =>
  fieldOf(value, 'type') ?? (fieldOf(value, 'role') === 'assistant' ? 'message' : undefined);

const common = { type: 'string', id: 'string', status: 'string' } as const;

/** Type of an item → its fields that are read. */
const items: ReadonlyMap<unknown, Shape> = new Map<unknown, Shape>([
  ['message', { ...common, content }],
  ['function_call', { ...common, call_id: 'string', name: 'string' }],
  [
    'code_interpreter_call',
    {
      ...common,
      code: 'string',
      container_id: 'string',
      outputs: [{ type: 'string', logs: 'string', url: 'string' }],
    },
  ],
  ['file_search_call', { ...common, results: [searchResult] }],
]);

const item: Shape = (value) => items.get(itemType(value)) ?? common;

const response: Shape = {
  status: 'string',
  output: [item],
  error: (value) => (typeof value === 'string' ? 'string' : { message: 'string' }),
  incomplete_details: { reason: 'string' },
};

const position = { output_index: 'index', content_index: 'index', item_id: 'string' } as const;
const ofItem: Shape = { ...position, item };
const withDelta: Shape = { ...position, delta: 'string' };
const withResponse: Shape = { response };

/** Type of an event → its fields that are read, and the one without which it means nothing. */
const events: Readonly<Record<string, readonly [shape: Shape, required?: string]>> = {
  error: [{ message: 'string' }],
  'response.completed': [withResponse],
  'response.incomplete': [withResponse],
  'response.failed': [withResponse],
  'response.output_item.added': [ofItem, 'item'],
  'response.output_item.done': [ofItem, 'item'],
  'response.content_part.added': [{ ...position, part }, 'part'],
  'response.content_part.done': [{ ...position, part }, 'part'],
  'response.output_text.done': [{ ...position, text: 'string' }, 'text'],
  'response.output_text.annotation.added': [{ ...position, annotation }, 'annotation'],
  'response.output_text.delta': [withDelta, 'delta'],
  'response.refusal.delta': [withDelta, 'delta'],
  'response.function_call_arguments.delta': [withDelta, 'delta'],
  'response.function_call_arguments.done': [position, 'arguments'],
  'response.code_interpreter_call.in_progress': [position],
  'response.code_interpreter_call_code.delta': [withDelta, 'delta'],
  'response.file_search_call.in_progress': [position],
};

/** Event types of other servers → OpenAI's (contract §8.8). */
const standardTypes: Readonly<Record<string, StreamEvent['type']>> = {
  'response.content_part.delta': 'response.output_text.delta',
  'response.done': 'response.completed',
};

const withoutNulls = (value: object): object =>
  Object.values(value).includes(null)
    ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
    : value;

/**
 * An event of OpenAI's type whose fields have the right types if they are present; null for events that
 * mean nothing here. Throws a `ModelFailure` for wrong types, and the endpoint's own error.
 */
export function toStreamEvent(value: unknown, headers: Headers): StreamEvent | null {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw malformedAnswer('an event that is not a JSON object');
  }
  const error = fieldOf(value, 'error');
  if (error) throw toStreamError(error, headers);
  const rawType = fieldOf(value, 'type');
  // Some servers name the type of an error only outside its data.
  if (rawType === undefined && fieldOf(value, 'message')) throw toStreamError(value, headers);
  if (typeof rawType !== 'string') return null;
  const type = Object.hasOwn(standardTypes, rawType) ? standardTypes[rawType] : rawType;
  const [shape, required] = (Object.hasOwn(events, type ?? '') && events[type ?? '']) || [];
  if (shape === undefined) return null;
  const event = withoutNulls(
    Object(checkShape(type === rawType ? value : { ...value, type }, shape)),
  );
  if (required !== undefined && fieldOf(event, required) === undefined) return null;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is checked
  return event as StreamEvent;
}
