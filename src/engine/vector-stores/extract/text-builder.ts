import { tooLarge } from './extraction-error.ts';

/** The most characters of a file: more than its tokens may be. */
const maxCharacters = 40_000_000;

/** A part of a file with its text: a page or a slide, or the whole file. */
export interface Section {
  /** Null where files have no pages. */
  readonly page: number | null;
  readonly text: string;
}

/** The sections of a file, in order. */
export type Sections = AsyncIterable<Section> | Iterable<Section>;

/** Collects text; refuses more than a file may have, so that a small file cannot become a huge text. */
export class TextBuilder {
  #parts: string[] = [];
  #length = 0;
  #last = '\n';

  append(text: string): void {
    if (text === '') return;
    this.#length += text.length;
    if (this.#length > maxCharacters) throw tooLarge();
    this.#parts.push(text);
    this.#last = text.slice(-1);
  }

  /** Ends the line, unless it is empty. */
  endLine(): void {
    if (this.#last !== '\n') this.append('\n');
  }

  /** The text so far, which is then forgotten; its length still counts. */
  take(): string {
    const text = this.#parts.join('');
    this.#parts = [];
    this.#last = '\n';
    return text;
  }
}
