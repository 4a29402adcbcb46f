import type OpenAI from 'openai';
import type { ModelEvent } from '../model.ts';
import {
  type ContainerFileAnnotation,
  isContainerFileAnnotation,
  isImage,
  type RawEvent,
} from './generated-files.ts';
import {
  Citations,
  type FileAnnotation,
  isFileAnnotation,
  type TextSpan,
  utf16Offset,
} from './citations.ts';

type Item = OpenAI.Responses.ResponseOutputMessage;
type OutputPart = Item['content'][number];

const partText = (part: OutputPart): string => (part.type === 'refusal' ? part.refusal : part.text);

const fileAnnotations = (part: OutputPart): FileAnnotation[] =>
  part.type === 'output_text' ? part.annotations.filter(isFileAnnotation) : [];

/** The container files that a part refers to, repetitions included. */
const containerFiles = (part: OutputPart): ContainerFileAnnotation[] =>
  part.type === 'output_text' ? part.annotations.filter(isContainerFileAnnotation) : [];

/** The images of a message, each once. */
function imagesOf({ content }: Item): ContainerFileAnnotation[] {
  const images = content.flatMap(containerFiles).filter(isImage);
  return [...new Map(images.map((image) => [image.file_id, image])).values()];
}

/** Whether a message has nothing to show. */
export const isEmpty = (item: Item): boolean =>
  item.content.every((part) => partText(part) === '' && containerFiles(part).length === 0);

/** Emits one message and keeps track of what has been emitted. */
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

  /** Emits the rest of the message; `item` is undefined if the server never sent it. */
  *finish(item: Item | undefined): Generator<RawEvent> {
    for (const [index, part] of (item?.content ?? []).entries()) {
      const kind = part.type === 'refusal' ? 'refusal' : 'text';
      yield* this.part(index, kind).finish(part);
    }
    for (const file of item === undefined ? [] : imagesOf(item)) {
      yield { type: 'generated_image', file };
    }
    yield { type: 'message_done' };
  }
}

/** Emits one content part and keeps track of what has been emitted. */
class PartWriter {
  readonly #index: number;
  readonly #kind: 'text' | 'refusal';
  readonly #citations = new Citations();
  /** As the model wrote it, without citation markers. */
  #text = '';
  #textWithMarkers = '';
  #annotationCount = 0;

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

  *annotate(upstream: FileAnnotation): Generator<ModelEvent> {
    const annotation = this.#citations.annotate(upstream, this.#textWithMarkers.length);
    this.#annotationCount += 1;
    this.#textWithMarkers += annotation.text;
    const { text } = annotation;
    yield { type: 'delta', part: this.#index, kind: 'text', text, annotation };
  }

  /** Emits the text and annotations of the finished part that had no deltas, each at its index. */
  *finish(part: OutputPart): Generator<RawEvent> {
    const text = partText(part);
    const annotations = fileAnnotations(part).slice(this.#annotationCount);
    for (const annotation of annotations.toSorted((a, b) => a.index - b.index)) {
      yield* this.#writeUpTo(text, utf16Offset(text, annotation.index));
      yield* this.annotate(annotation);
    }
    yield* this.#writeUpTo(text, text.length);
    yield* this.#emitFileReferences(containerFiles(part));
  }

  *#writeUpTo(text: string, end: number): Generator<ModelEvent> {
    if (text.startsWith(this.#text)) yield* this.write(text.slice(this.#text.length, end));
  }

  /** A reference to a generated file covers its path in the text, or a marker if the text has none. */
  *#emitFileReferences(files: readonly ContainerFileAnnotation[]): Generator<RawEvent> {
    const type = 'generated_file';
    const part = this.#index;
    const usedOffsets = new Set<number>();
    const seenIds = new Set<string>();
    for (const file of files) {
      const { file_id, filename } = file;
      const path = this.#findPath(filename, usedOffsets);
      const needsMarker = path === null && !seenIds.has(file_id) && !isImage(file);
      seenIds.add(file_id);
      if (path !== null) {
        usedOffsets.add(path.start_index);
        yield { type, part, text: '', span: path, file };
      } else if (needsMarker) {
        const offset = this.#textWithMarkers.length;
        const marker = this.#citations.createMarker(file_id, filename, offset);
        this.#textWithMarkers += marker.text;
        yield { type, part, text: marker.text, span: marker, file };
      }
    }
  }

  /** The first mention of a file's path that has no reference yet. */
  #findPath(filename: string, usedOffsets: ReadonlySet<number>): TextSpan | null {
    for (const name of new Set([filename, encodeURI(filename.toWellFormed())])) {
      const text = `sandbox:/mnt/data/${name}`;
      let start_index = this.#textWithMarkers.indexOf(text);
      while (
        start_index >= 0 &&
        (usedOffsets.has(start_index) || this.#isPrefixOfLongerName(start_index + text.length))
      ) {
        start_index = this.#textWithMarkers.indexOf(text, start_index + 1);
      }
      if (start_index >= 0) return { text, start_index, end_index: start_index + text.length };
    }
    return null;
  }

  /** Whether the file name that ends here continues, so that it is another file's name. */
  #isPrefixOfLongerName(end: number): boolean {
    return /^(?:[\w-]|\.\w)/.test(this.#textWithMarkers.slice(end, end + 2));
  }
}
