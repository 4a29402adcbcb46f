import type OpenAI from 'openai';
import { randomIds } from '../../../shared/ids.ts';
import { repairArguments } from '../call-arguments.ts';
import { calledFunction } from '../called-function.ts';
import { itemType } from './event-shape.ts';
import { UnusableAnswer } from '../upstream-error.ts';

type OutputItem = OpenAI.Responses.ResponseOutputItem;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
type StreamEventOfItem = OpenAI.Responses.ResponseFunctionCallArgumentsDeltaEvent;
type Message = OpenAI.Responses.ResponseOutputMessage;
type Call = OpenAI.Responses.ResponseFunctionToolCall;
type Part = Message['content'][number];
type Annotation = OpenAI.Responses.ResponseOutputText['annotations'][number];
type FileFields = { readonly type: Annotation['type'] } & {
  readonly [Name in 'file_id' | 'filename' | 'container_id']?: string | null;
};

/** `T` as servers send it: any field may be missing or null. */
type Loose<T> = {
  readonly [Key in keyof T]?: T[Key] | null;
};

/** Citations need a file; its name is only shown. */
function normalizeAnnotation(annotation: Annotation): Annotation[] {
  const { type, file_id, filename, container_id }: FileFields = annotation;
  const isContainerFile = type === 'container_file_citation';
  if (!isContainerFile && type !== 'file_citation' && type !== 'file_path') return [annotation];
  if (!file_id || (isContainerFile && !container_id)) return [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only the name is added
  return [{ ...annotation, filename: filename ?? file_id } as Annotation];
}

function normalizePart(part: Part): Part {
  if (part.type === 'refusal') return { ...part, refusal: part.refusal ?? '' };
  const annotations = (part.annotations ?? []).flatMap(normalizeAnnotation);
  return { ...part, text: part.text ?? '', annotations };
}

/** Some servers put the model's reasoning into its message. */
const isShown = ({ type }: { readonly type: string }): boolean =>
  !/reason|think|summary/u.test(type);

function normalizeMessage(item: Message): Message {
  const content: Part[] | string | null | undefined = item.content;
  const parts: Part[] =
    typeof content === 'string'
      ? [{ type: 'output_text', text: content, annotations: [] }]
      : (content ?? []);
  return { ...item, type: 'message', content: parts.filter(isShown).map(normalizePart) };
}

/** Some servers send the object itself instead of its JSON. */
function argumentsText(args: unknown): string {
  if (typeof args === 'string') return args;
  return args === null || args === undefined ? '' : JSON.stringify(args);
}

function normalizeCall(
  item: Call,
  streamedArguments: string,
  functionNames: ReadonlySet<string>,
): Call {
  const { call_id, id, name, arguments: args }: Loose<Call> = item;
  if (!name) throw new UnusableAnswer('The model endpoint sent a function call without a name.');
  const text = argumentsText(args) || streamedArguments;
  return {
    ...item,
    name: calledFunction(name, functionNames),
    call_id: call_id || id || randomIds.newId('call_'),
    // A truncated call is never shown.
    arguments: repairArguments([text]) ?? text,
  };
}

/** The item of an event, by its id and its index. */
const keysOf = ({
  item_id,
  output_index,
}: Loose<Pick<StreamEventOfItem, 'item_id' | 'output_index'>>): (string | number)[] => [
  ...(item_id ? [item_id] : []),
  ...(typeof output_index === 'number' ? [output_index] : []),
];

/**
 * Converts the events of one response to OpenAI's form. Streamed function arguments are collected for
 * items that come without them.
 */
export class EventNormalizer {
  /** By the ids of items and, where servers omit or change these, by their indexes. */
  readonly #streamedArguments = new Map<string | number, string>();
  readonly #functionNames: ReadonlySet<string>;

  /** `functionNames` are those of the functions that a server may name in another form. */
  constructor(functionNames: ReadonlySet<string>) {
    this.#functionNames = functionNames;
  }

  event(event: StreamEvent): StreamEvent {
    switch (event.type) {
      case 'response.function_call_arguments.delta':
        for (const key of keysOf(event)) {
          this.#streamedArguments.set(key, this.#argumentsOf(key) + event.delta);
        }
        return event;
      case 'response.function_call_arguments.done':
        for (const key of keysOf(event)) {
          const args = argumentsText(event.arguments) || this.#argumentsOf(key);
          this.#streamedArguments.set(key, args);
        }
        return event;
      case 'response.output_item.done':
        return { ...event, item: this.item(event.item, event.output_index) };
      case 'response.output_text.annotation.added': {
        const [annotation = null] = event.annotation ? normalizeAnnotation(event.annotation) : [];
        return { ...event, annotation };
      }
      default:
        return event;
    }
  }

  /**
   * Fills in what compatible servers omit, or send in another form, of a message or function call
   * (contract §8.8).
   */
  item(item: OutputItem, index?: number): OutputItem {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape is that of a message
    if (itemType(item) === 'message') return normalizeMessage(item as Message);
    if (item.type !== 'function_call') return item;
    const streamed = this.#argumentsOf(item.id) || this.#argumentsOf(index);
    return normalizeCall(item, streamed, this.#functionNames);
  }

  #argumentsOf(key: string | number | undefined): string {
    return key === undefined ? '' : (this.#streamedArguments.get(key) ?? '');
  }
}
