import { readFileSync } from 'node:fs';

/** A question, and what a passage must contain to answer it. */
export interface Question {
  readonly text: string;
  /** The same for a reader of many documents, who says which package is meant. */
  readonly textWithPackage: string;
  readonly file: string;
  readonly quote: string;
}

/** A passage of a document. */
export interface Passage {
  readonly file: string;
  readonly position: number;
  readonly text: string;
}

const packageOf = (file: string): string => /^(?:@[^/]+\/)?[^/]+/u.exec(file)?.[0] ?? file;

const questionsFile = new URL('questions.txt', import.meta.url);

/**
 * The questions: a line `# FILE` of a package in node_modules, then lines `QUOTE | QUESTION`, where
 * the quote is in the passage that answers the question.
 */
export function readQuestions(): Question[] {
  let file = '';
  return readFileSync(questionsFile, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('# ')) file = line.slice(2);
      const separator = line.lastIndexOf(' | ');
      if (line.startsWith('# ') || separator < 0) return [];
      const text = line.slice(separator + 3);
      const textWithPackage = `With ${packageOf(file)}: ${text}`;
      return [{ file, quote: line.slice(0, separator), text, textWithPackage }];
    });
}

/** About 800 tokens, half of which the next passage repeats, as for hosted vector stores. */
const passageWords = 560;

/** Splits a document between words. */
function split(file: string): Passage[] {
  const text = readFileSync(`node_modules/${file}`, 'utf8');
  const starts = [...text.matchAll(/\S+\s*/gu)].map(({ index }) => index);
  const passages: Passage[] = [];
  for (
    let start = 0;
    start === 0 || start + passageWords / 2 < starts.length;
    start += passageWords / 2
  ) {
    const part = text.slice(starts[start], starts[start + passageWords]);
    passages.push({ file, position: passages.length, text: part });
  }
  return passages;
}

/** The passages of all documents, those without a question too. */
export const readCorpus = (files: readonly string[]): Passage[] => files.flatMap(split);
