import type OpenAI from 'openai';

type Annotation = OpenAI.Beta.Threads.Annotation;
type UpstreamAnnotation = OpenAI.Responses.ResponseOutputText['annotations'][number];

export type FileAnnotation = Extract<
  UpstreamAnnotation,
  { type: 'file_citation' } | { type: 'file_path' }
>;

/** The literal text of a reference and where it stands, in UTF-16 units. */
export type TextSpan = Pick<Annotation, 'text' | 'start_index' | 'end_index'>;

/** References to the web have no counterpart in a thread and are left out (contract §8.6). */
export const isFileAnnotation = (annotation: UpstreamAnnotation): annotation is FileAnnotation =>
  annotation.type === 'file_citation' || annotation.type === 'file_path';

/** Upstream counts characters; text here is cut at UTF-16 units, and never inside a character. */
export const utf16Offset = (text: string, index: number): number =>
  Array.from(text).slice(0, index).join('').length;

/**
 * Puts the references of one text into the form in which clients expect to find and replace them
 * (contract §8.6): each is a marker `【0:1†name】` in the text itself, with an annotation for which
 * `value.slice(start_index, end_index) === text`. A marker stands where the text ends when it comes,
 * because what has been streamed cannot move any more (contract §8.8).
 */
export class Citations {
  readonly #files: string[] = [];

  /** Where the marker of a reference to a file begins, in UTF-16 units, and where it ends. */
  place(file_id: string, name: string, start_index: number): TextSpan {
    if (!this.#files.includes(file_id)) this.#files.push(file_id);
    const text = `【0:${this.#files.indexOf(file_id)}†${name}】`;
    return { text, start_index, end_index: start_index + text.length };
  }

  /** The annotation of a reference whose marker begins at `start_index`. */
  annotate(annotation: FileAnnotation, start_index: number): Annotation {
    const { file_id } = annotation;
    const name = (annotation.type === 'file_citation' && annotation.filename) || file_id;
    const place = this.place(file_id, name, start_index);
    return annotation.type === 'file_citation'
      ? { type: 'file_citation', ...place, file_citation: { file_id } }
      : { type: 'file_path', ...place, file_path: { file_id } };
  }
}
