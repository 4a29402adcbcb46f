import type { ModelEvent } from '../../models/model.ts';
import { CitationFilter, type Piece } from './citation-filter.ts';
import { type Source, type Sources, toMark } from './marks.ts';

type Delta = Extract<ModelEvent, { type: 'delta' }>;
type Annotation = NonNullable<Delta['annotation']>;

/** Where the shown text of a part differs in length from what the model wrote. */
interface Shift {
  /** In the model's text. */
  readonly from: number;
  readonly by: number;
}

/** One part of a message. Indexes are in UTF-16 units. */
class CitedPart {
  readonly #part: number;
  readonly #filter: CitationFilter;
  readonly #shifts: Shift[] = [];
  #readLength = 0;
  #shownLength = 0;

  constructor(part: number, filter: CitationFilter) {
    this.#part = part;
    this.#filter = filter;
  }

  *read({ text, annotation }: Delta): Generator<ModelEvent> {
    if (annotation === undefined) {
      yield* this.#show(this.#filter.push(text));
      return;
    }
    yield* this.finish();
    yield this.#delta(text, this.#moved(annotation));
    this.#readLength += text.length;
  }

  /** Shows what is held back. */
  *finish(): Generator<ModelEvent> {
    yield* this.#show(this.#filter.finish());
  }

  *#show(pieces: readonly Piece[]): Generator<ModelEvent> {
    for (const piece of pieces) {
      this.#readLength += piece.length;
      if (typeof piece === 'string') {
        yield this.#delta(piece);
        continue;
      }
      for (const source of piece.sources) yield this.#cite(source);
      this.#shifts.push({ from: this.#readLength, by: this.#shownLength - this.#readLength });
    }
  }

  #cite(source: Source): ModelEvent {
    const text = toMark(source);
    const start_index = this.#shownLength;
    const span = { text, start_index, end_index: start_index + text.length };
    const { file_id } = source;
    return this.#delta(text, { type: 'file_citation', ...span, file_citation: { file_id } });
  }

  #delta(text: string, annotation?: Annotation): ModelEvent {
    this.#shownLength += text.length;
    const delta = { type: 'delta', part: this.#part, kind: 'text', text } as const;
    return annotation === undefined ? delta : { ...delta, annotation };
  }

  /** An annotation of the endpoint, whose indexes count the model's text. */
  #moved(annotation: Annotation): Annotation {
    const move = (index: number) =>
      index + (this.#shifts.findLast(({ from }) => from <= index)?.by ?? 0);
    const { start_index, text } = annotation;
    const start = move(start_index);
    return { ...annotation, start_index: start, end_index: start + text.length };
  }
}

interface Options {
  readonly sources: Sources;
  readonly isJson: boolean;
}

/** The events of one answer, with citations in the place of the model's marks. */
export class CitedAnswer {
  readonly #options: Options;
  #parts = new Map<number, CitedPart>();

  constructor(options: Options) {
    this.#options = options;
  }

  *readAll(batch: readonly ModelEvent[]): Generator<ModelEvent> {
    for (const event of batch) yield* this.#read(event);
  }

  *#read(event: ModelEvent): Generator<ModelEvent> {
    switch (event.type) {
      case 'message_started':
        this.#parts = new Map();
        yield event;
        break;
      case 'delta':
        if (event.kind === 'text') yield* this.#part(event.part).read(event);
        else yield event;
        break;
      case 'message_done':
        for (const part of this.#parts.values()) yield* part.finish();
        yield event;
        break;
      default:
        yield event;
    }
  }

  #part(index: number): CitedPart {
    const known = this.#parts.get(index);
    if (known !== undefined) return known;
    const part = new CitedPart(index, new CitationFilter(this.#options));
    this.#parts.set(index, part);
    return part;
  }
}
