/** Prints the story: numbered chapters, and lines that belong to them. */
export interface DemoPrinter {
  /** Begins a chapter, named for the tool it is about. */
  step(title: string): void;
  /** One line of a chapter. */
  line(text: string, indent?: number): void;
  end(sentence: string): void;
}

const maxLength = 160;

const shorten = (text: string): string =>
  text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;

export function createPrinter(write: (text: string) => void): DemoPrinter {
  let chapters = 0;
  return {
    step(title) {
      chapters += 1;
      write(`\n${String(chapters).padStart(2)}. ${title}\n`);
    },
    line(text, indent = 4) {
      for (const part of text.split('\n')) write(`${' '.repeat(indent)}${shorten(part)}\n`);
    },
    end: (sentence) => write(`\n${sentence}\n`),
  };
}
