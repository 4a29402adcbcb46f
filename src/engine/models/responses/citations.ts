import type OpenAI from 'openai';

type Annotation = OpenAI.Beta.Threads.Annotation;
type UpstreamAnnotation = OpenAI.Responses.ResponseOutputText['annotations'][number];

export type FileAnnotation = Extract<
  UpstreamAnnotation,
  { type: 'file_citation' } | { type: 'file_path' }
>;

/** The literal text of a citation and its position, in UTF-16 units. */
export type TextSpan = Pick<Annotation, 'text' | 'start_index' | 'end_index'>;

/** False for web citations, which thread messages cannot have (contract §8.6). */
export const isFileAnnotation = (annotation: UpstreamAnnotation): annotation is FileAnnotation =>
  annotation.type === 'file_citation' || annotation.type === 'file_path';

/** Converts an index in Unicode characters, as upstream counts, to one in UTF-16 units. */
export const utf16Offset = (text: string, index: number): number =>
  Array.from(text).slice(0, index).join('').length;

/**
 * Creates the citation markers of one text. Clients find and replace markers such as `【0:1†name】` in
 * the text (contract §8.6): `value.slice(start_index, end_index) === text`. A marker is appended at the
 * current end of the text, because streamed text cannot change any more (contract §8.8).
 */
export class Citations {
  readonly #fileIds: string[] = [];

  /** `start_index` and `end_index` are in UTF-16 units. */
  createMarker(file_id: string, name: string, start_index: number): TextSpan {
    if (!this.#fileIds.includes(file_id)) this.#fileIds.push(file_id);
    const text = `【0:${this.#fileIds.indexOf(file_id)}†${name}】`;
    return { text, start_index, end_index: start_index + text.length };
  }

  /** Converts an upstream annotation; its marker starts at `start_index`. */
  annotate(annotation: FileAnnotation, start_index: number): Annotation {
    const { file_id } = annotation;
    const name = (annotation.type === 'file_citation' && annotation.filename) || file_id;
    const marker = this.createMarker(file_id, name, start_index);
    return annotation.type === 'file_citation'
      ? { type: 'file_citation', ...marker, file_citation: { file_id } }
      : { type: 'file_path', ...marker, file_path: { file_id } };
  }
}
