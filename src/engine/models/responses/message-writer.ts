import type OpenAI from 'openai';
import type { ModelEvent } from '../model.ts';
import {
  type ContainerFileAnnotation,
  isContainerFileAnnotation,
  isImage,
  type RawEvent,
} from './generated-files.ts';
import {
  type FileAnnotation,
  isFileAnnotation,
  Citations,
  utf16Offset,
  type TextSpan,
} from './citations.ts';

type Item = OpenAI.Responses.ResponseOutputMessage;

/** The images that a message shows, each once. */
function imagesOf({ content }: Item): ContainerFileAnnotation[] {
  const notes = content.flatMap(containerNotesOf).filter(isImage);
  return [...new Map(notes.map((note) => [note.file_id, note])).values()];
}

/** Whether there is nothing in a message that anybody could see. */
export const isEmpty = (item: Item): boolean =>
  item.content.every((part) => textOf(part) === '' && containerNotesOf(part).length === 0);

/** A message as far as it has been passed on. */
export class MessageWriter {
  readonly type = 'message';
  readonly index: number;
  readonly id: string | undefined;
  readonly startEvent: ModelEvent = { type: 'message_started' };
  readonly #parts: PartWriter[] = [];

  constructor(index: number, id: string | undefined) {
    this.index = index;
    this.id = id;
  }

  part(index: number, kind: 'text' | 'refusal'): PartWriter {
    return (this.#parts[index] ??= new PartWriter(index, kind));
  }

  /** What is left to say of the message; its item is absent when the server never showed it. */
  *finish(item: Item | undefined): Generator<RawEvent> {
    for (const [index, part] of (item?.content ?? []).entries()) {
      const kind = part.type === 'refusal' ? 'refusal' : 'text';
      yield* this.part(index, kind).finish(part);
    }
    for (const made of item === undefined ? [] : imagesOf(item)) {
      yield { type: 'generated_image', file: made };
    }
    yield { type: 'message_done' };
  }
}

export type OutputPart = OpenAI.Responses.ResponseOutputMessage['content'][number];

export const textOf = (part: OutputPart): string =>
  part.type === 'refusal' ? part.refusal : part.text;
const notesOf = (part: OutputPart): FileAnnotation[] =>
  part.type === 'output_text' ? part.annotations.filter(isFileAnnotation) : [];
/** The files of containers that a part refers to, each as often as it does. */
export const containerNotesOf = (part: OutputPart): ContainerFileAnnotation[] =>
  part.type === 'output_text' ? part.annotations.filter(isContainerFileAnnotation) : [];
/** A content part as far as it has been passed on. */
export class PartWriter {
  readonly #index: number;
  readonly #kind: 'text' | 'refusal';
  readonly #citations = new Citations();
  /** The part without markers, as the model says it, and with them. */
  #text = '';
  #textWithMarkers = '';
  #notes = 0;

  constructor(index: number, kind: 'text' | 'refusal') {
    this.#index = index;
    this.#kind = kind;
  }

  *write(text: string): Generator<ModelEvent> {
    if (text === '') return;
    this.#text += text;
    this.#textWithMarkers += text;
    yield { type: 'delta', part: this.#index, kind: this.#kind, text };
  }

  *note(note: FileAnnotation): Generator<ModelEvent> {
    const annotation = this.#citations.annotate(note, this.#textWithMarkers.length);
    this.#notes += 1;
    this.#textWithMarkers += annotation.text;
    const { text } = annotation;
    yield { type: 'delta', part: this.#index, kind: 'text', text, annotation };
  }

  /** Whatever of the finished part the deltas have not said; references stand where they belong. */
  *finish(part: OutputPart): Generator<RawEvent> {
    const whole = textOf(part);
    const notes = notesOf(part).slice(this.#notes);
    for (const note of notes.toSorted((a, b) => a.index - b.index)) {
      yield* this.#catchUp(whole, utf16Offset(whole, note.index));
      yield* this.note(note);
    }
    yield* this.#catchUp(whole, whole.length);
    yield* this.#emitFileReferences(containerNotesOf(part));
  }

  *#catchUp(whole: string, end: number): Generator<ModelEvent> {
    if (whole.startsWith(this.#text)) yield* this.write(whole.slice(this.#text.length, end));
  }

  /** References to files that code has made stand on their path in the text, where it has one. */
  *#emitFileReferences(notes: readonly ContainerFileAnnotation[]): Generator<RawEvent> {
    const taken = new Set<number>();
    const known = new Set<string>();
    for (const note of notes) {
      const path = this.#findPath(note.filename, taken);
      const needsMarker = path === null && !known.has(note.file_id) && !isImage(note);
      known.add(note.file_id);
      if (path !== null) {
        taken.add(path.start_index);
        yield { type: 'generated_file', part: this.#index, text: '', span: path, file: note };
      } else if (needsMarker) {
        const place = this.#citations.place(
          note.file_id,
          note.filename,
          this.#textWithMarkers.length,
        );
        this.#textWithMarkers += place.text;
        yield {
          type: 'generated_file',
          part: this.#index,
          text: place.text,
          span: place,
          file: note,
        };
      }
    }
  }

  /** Where a file's path stands that has no reference yet. */
  #findPath(filename: string, taken: ReadonlySet<number>): TextSpan | null {
    for (const name of new Set([filename, encodeURI(filename.toWellFormed())])) {
      const text = `sandbox:/mnt/data/${name}`;
      let at = this.#textWithMarkers.indexOf(text);
      while (at >= 0 && (taken.has(at) || this.#isPrefixOfLongerName(at + text.length))) {
        at = this.#textWithMarkers.indexOf(text, at + 1);
      }
      if (at >= 0) return { text, start_index: at, end_index: at + text.length };
    }
    return null;
  }

  /** Whether a name that seems to end here is only the beginning of a longer one. */
  #isPrefixOfLongerName(end: number): boolean {
    return /^(?:[\w-]|\.\w)/.test(this.#textWithMarkers.slice(end, end + 2));
  }
}
