/** Prints the story: numbered chapters, and lines that belong to them. */
export interface Teller {
  /** Begins a chapter, named for the tool it is about. */
  chapter(title: string): void;
  /** One line of a chapter. */
  line(text: string, indent?: number): void;
  end(sentence: string): void;
}

const maxLength = 160;

const shorten = (text: string): string =>
  text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;

export function createTeller(write: (text: string) => void): Teller {
  let chapters = 0;
  return {
    chapter(title) {
      chapters += 1;
      write(`\n${String(chapters).padStart(2)}. ${title}\n`);
    },
    line(text, indent = 4) {
      for (const part of text.split('\n')) write(`${' '.repeat(indent)}${shorten(part)}\n`);
    },
    end: (sentence) => write(`\n${sentence}\n`),
  };
}
