import type OpenAI from 'openai';

type Response = OpenAI.Responses.Response;
type Item = OpenAI.Responses.ResponseOutputItem;
type CodeCall = OpenAI.Responses.ResponseCodeInterpreterToolCall;
type SearchCall = OpenAI.Responses.ResponseFileSearchToolCall;
type Part = OpenAI.Responses.ResponseOutputMessage['content'][number];
export type StreamEvent = OpenAI.Responses.ResponseStreamEvent;
/** An event without its number. */
type Unnumbered = StreamEvent extends infer E
  ? E extends { sequence_number: number }
    ? Omit<E, 'sequence_number'>
    : never
  : never;

/** Cuts a text into at most three deltas, never inside a surrogate pair. */
export function pieces(text: string): string[] {
  const characters = Array.from(text);
  const size = Math.max(1, Math.ceil(characters.length / 3));
  const count = Math.ceil(characters.length / size);
  return Array.from({ length: count }, (_, index) =>
    characters.slice(index * size, (index + 1) * size).join(''),
  );
}

type Text = Extract<Part, { type: 'output_text' }>;
interface ItemPosition {
  item_id: string;
  output_index: number;
}
interface Position extends ItemPosition {
  content_index: number;
}

/** The deltas of a text, with each annotation after the characters before its index. */
function textEvents({ text, annotations }: Text, position: Position): Unnumbered[] {
  const characters = Array.from(text);
  const indexed = annotations
    .map((annotation) => ({
      annotation,
      index: 'index' in annotation ? annotation.index : characters.length,
    }))
    .toSorted((one, other) => one.index - other.index);
  let emittedCount = 0;
  const deltasUpTo = (index: number): Unnumbered[] => {
    const part = characters.slice(emittedCount, index).join('');
    emittedCount = Math.max(emittedCount, index);
    const type = 'response.output_text.delta' as const;
    return pieces(part).map((delta) => ({ type, ...position, delta, logprobs: [] }));
  };
  const type = 'response.output_text.annotation.added' as const;
  return [
    ...indexed.flatMap(({ annotation, index }, annotation_index): Unnumbered[] => [
      ...deltasUpTo(index),
      { type, ...position, annotation_index, annotation },
    ]),
    ...deltasUpTo(characters.length),
  ];
}

function partEvents(part: Part, itemPosition: ItemPosition, index: number) {
  const position = { ...itemPosition, content_index: index };
  const events: Unnumbered[] = [];
  if (part.type === 'refusal') {
    events.push({
      type: 'response.content_part.added',
      ...position,
      part: { ...part, refusal: '' },
    });
    for (const delta of pieces(part.refusal)) {
      events.push({ type: 'response.refusal.delta', ...position, delta });
    }
    events.push({ type: 'response.refusal.done', ...position, refusal: part.refusal });
  } else {
    const empty = { ...part, text: '', annotations: [] };
    events.push({ type: 'response.content_part.added', ...position, part: empty });
    events.push(...textEvents(part, position));
    events.push({ type: 'response.output_text.done', ...position, text: part.text, logprobs: [] });
  }
  events.push({ type: 'response.content_part.done', ...position, part });
  return events;
}

function codeEvents({ id: item_id, code }: CodeCall, output_index: number): Unnumbered[] {
  const position = { item_id, output_index };
  const text = code ?? '';
  return [
    { type: 'response.code_interpreter_call.in_progress', ...position },
    ...pieces(text).map((delta) => ({
      type: 'response.code_interpreter_call_code.delta' as const,
      ...position,
      delta,
    })),
    { type: 'response.code_interpreter_call_code.done', ...position, code: text },
    { type: 'response.code_interpreter_call.interpreting', ...position },
    { type: 'response.code_interpreter_call.completed', ...position },
  ];
}

function searchEvents({ id: item_id }: SearchCall, output_index: number): Unnumbered[] {
  const position = { item_id, output_index };
  return [
    { type: 'response.file_search_call.in_progress', ...position },
    { type: 'response.file_search_call.searching', ...position },
    { type: 'response.file_search_call.completed', ...position },
  ];
}

function itemEvents(item: Item, output_index: number): Unnumbered[] {
  const added = (first: Item): Unnumbered => ({
    type: 'response.output_item.added',
    output_index,
    item: first,
  });
  const done: Unnumbered = { type: 'response.output_item.done', output_index, item };
  if (item.type === 'message') {
    const position = { item_id: item.id, output_index };
    const parts = item.content.flatMap((part, index) => partEvents(part, position, index));
    return [added({ ...item, status: 'in_progress', content: [] }), ...parts, done];
  }
  if (item.type === 'function_call') {
    const position = { item_id: item.id ?? '', output_index };
    return [
      added({ ...item, status: 'in_progress', arguments: '' }),
      ...pieces(item.arguments).map((delta) => ({
        type: 'response.function_call_arguments.delta' as const,
        ...position,
        delta,
      })),
      {
        type: 'response.function_call_arguments.done',
        ...position,
        arguments: item.arguments,
      },
      done,
    ];
  }
  if (item.type === 'code_interpreter_call') {
    return [
      added({ ...item, status: 'in_progress', code: '', outputs: null }),
      ...codeEvents(item, output_index),
      done,
    ];
  }
  if (item.type === 'file_search_call') {
    const started = { ...item, status: 'in_progress' as const, queries: [], results: null };
    return [added(started), ...searchEvents(item, output_index), done];
  }
  return [added(item), done];
}

/** All events of a stream that ends with `response`. */
export function streamEvents(response: Response): StreamEvent[] {
  const started: Response = {
    ...response,
    status: 'in_progress',
    output: [],
    error: null,
    incomplete_details: null,
  };
  delete started.usage;
  const last =
    response.status === 'failed' || response.status === 'incomplete'
      ? response.status
      : 'completed';
  const events: Unnumbered[] = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
    ...response.output.flatMap((item, index) => itemEvents(item, index)),
    { type: `response.${last}`, response },
  ];
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}

/** One event in the text format of server-sent events. */
export const frame = (event: { readonly type: string }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
