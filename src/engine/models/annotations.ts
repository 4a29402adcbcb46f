import type OpenAI from 'openai';

type OutputText = OpenAI.Responses.ResponseOutputText;
type Text = OpenAI.Beta.Threads.Text;
type Annotation = OpenAI.Beta.Threads.Annotation;
type FileNote = Extract<
  OutputText['annotations'][number],
  { type: 'file_citation' } | { type: 'file_path' }
>;

const isFileNote = (note: OutputText['annotations'][number]): note is FileNote =>
  note.type === 'file_citation' || note.type === 'file_path';

/** Upstream counts characters; positions here are UTF-16 units, and never inside a character. */
const unitOffset = (characters: readonly string[], index: number): number =>
  characters.slice(0, index).join('').length;

const toAnnotation = (note: FileNote, text: string, start_index: number): Annotation => {
  const place = { text, start_index, end_index: start_index + text.length };
  const { file_id } = note;
  return note.type === 'file_citation'
    ? { type: 'file_citation', ...place, file_citation: { file_id } }
    : { type: 'file_path', ...place, file_path: { file_id } };
};

/**
 * Turns a text and the files it refers to into the form in which clients expect to find and replace
 * the references (contract §8.6): each is a marker `【0:1†name】` in the text itself, with an
 * annotation for which `value.slice(start_index, end_index) === text`. References to the web have
 * no counterpart and are left out.
 */
export function annotate({ text, annotations }: OutputText): Text {
  const notes = annotations.filter(isFileNote).toSorted((a, b) => a.index - b.index);
  if (notes.length === 0) return { value: text, annotations: [] };
  const characters = Array.from(text);
  const files = [...new Set(notes.map(({ file_id }) => file_id))];
  const placed: Annotation[] = [];
  let value = '';
  let read = 0;
  for (const note of notes) {
    const at = unitOffset(characters, note.index);
    value += text.slice(read, at);
    read = at;
    const name = note.type === 'file_citation' ? note.filename : note.file_id;
    const marker = `【0:${files.indexOf(note.file_id)}†${name}】`;
    placed.push(toAnnotation(note, marker, value.length));
    value += marker;
  }
  return { value: value + text.slice(read), annotations: placed };
}
