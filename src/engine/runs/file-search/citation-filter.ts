import {
  isOrdinaryBracket,
  markBrackets,
  maxMarkLength,
  type Source,
  type Sources,
} from './marks.ts';

/** A mark in the model's text. */
interface Mark {
  /** What it cites; empty: nothing. */
  readonly sources: readonly Source[];
  /** Of the text that it takes the place of. */
  readonly length: number;
}

/** A piece of the model's text. */
export type Piece = string | Mark;

/** Ordinary brackets are not awaited for longer, so that links and lists stream. */
const maxOrdinaryLength = 40;

/** Of the same bracket in a row. */
const maxDepth = 4;

/** A longer run of backticks is not awaited to its end. */
const maxFence = 1000;

interface Fence {
  readonly character: string;
  readonly length: number;
  readonly isBlock: boolean;
}

/** What a bracket begins; null: more text is needed to tell. */
type Bracketed = Mark | 'text' | null;

interface FilterOptions {
  readonly sources: Sources;
  /** Whether the text is JSON, in which ordinary brackets are lists. */
  readonly isJson: boolean;
}

/**
 * Turns the marks in a text that arrives in pieces into citations, and removes marks that cite
 * nothing. Text in code stays as it is.
 */
export class CitationFilter {
  readonly #sources: Sources;
  readonly #isJson: boolean;
  #held = '';
  #fence: Fence | null = null;
  #isLineStart = true;
  /** The last character that was consumed. */
  #previous = '';
  #lastCited: Source | null = null;
  /** Whether the model writes marks as it was asked to: then ordinary brackets are text. */
  #hasMarks = false;

  constructor({ sources, isJson }: FilterOptions) {
    this.#sources = sources;
    this.#isJson = isJson;
  }

  /** Returns what can be shown of the text so far. */
  push(text: string): Piece[] {
    return this.#scan(this.#held + text, false);
  }

  /** Returns the rest. */
  finish(): Piece[] {
    return this.#scan(this.#held, true);
  }

  #scan(text: string, isEnd: boolean): Piece[] {
    const pieces: Piece[] = [];
    let shownTo = 0;
    let at = 0;
    while (at < text.length) {
      const length = this.#plainLength(text, at);
      if (length > 0) {
        this.#consume(text.slice(at, at + length));
        at += length;
        continue;
      }
      const character = text.charAt(at);
      if (character === '`' || character === '~') {
        const run = runLength(text, at);
        if (at + run === text.length && !isEnd && run < maxFence) break;
        this.#passFence(character, run);
        this.#consume(text.slice(at, at + run));
        at += run;
        continue;
      }
      const start = character === ' ' ? at + 1 : at;
      if (start === text.length && !isEnd) break;
      const before = start > at ? ' ' : this.#previous;
      const bracketed = this.#bracketed(text, start, { before, isEnd });
      if (bracketed === null) break;
      if (bracketed === 'text') {
        const end = start + runLength(text, start);
        this.#consume(text.slice(at, end));
        at = end;
        continue;
      }
      const sources = this.#newlyCited(bracketed.sources);
      // The space before a mark that is removed goes with it.
      const from = sources.length === 0 ? at : start;
      const end = start + bracketed.length;
      pieces.push(text.slice(shownTo, from), { sources, length: end - from });
      at = end;
      shownTo = end;
    }
    pieces.push(text.slice(shownTo, at));
    this.#held = text.slice(at);
    return pieces.filter((piece) => piece !== '');
  }

  /** The number of characters from `at` on that can neither begin a mark nor change what is code. */
  #plainLength(text: string, at: number): number {
    let end = at;
    for (; end < text.length; end += 1) {
      const character = text.charAt(end);
      if (character === '`' || character === '~') break;
      if (this.#fence !== null) {
        if (character === '\n') return end + 1 - at;
        continue;
      }
      if (character === '\n') return end + 1 - at;
      if (markBrackets.has(character)) break;
      if (character !== ' ') continue;
      const isLast = end + 1 === text.length;
      if (isLast || markBrackets.has(text.charAt(end + 1))) break;
    }
    return end - at;
  }

  #consume(text: string): void {
    if (text.trim() !== '') this.#lastCited = null;
    if (text.endsWith('\n')) {
      this.#isLineStart = true;
      if (this.#fence?.isBlock === false) this.#fence = null;
    } else if (!/^[\s>]*$/u.test(text)) {
      this.#isLineStart = false;
    }
    this.#previous = text.at(-1) ?? this.#previous;
  }

  /** Begins or ends code. */
  #passFence(character: string, length: number): void {
    const fence = this.#fence;
    if (fence === null) {
      const isBlock = this.#isLineStart && length >= 3;
      if (isBlock || character === '`') this.#fence = { character, length, isBlock };
    } else if (fence.character === character) {
      const isClosed = fence.isBlock
        ? this.#isLineStart && length >= fence.length
        : length === fence.length;
      if (isClosed) this.#fence = null;
    }
  }

  /** What begins at an opening bracket, or at any other character. */
  #bracketed(
    text: string,
    start: number,
    { before, isEnd }: { readonly before: string; readonly isEnd: boolean },
  ): Bracketed {
    const opening = text.charAt(start);
    const closing = markBrackets.get(opening);
    if (closing === undefined || this.#fence !== null) return 'text';
    const depth = runLength(text, start);
    if (depth > maxDepth) return 'text';
    const maxLength = isOrdinaryBracket(opening) ? maxOrdinaryLength : maxMarkLength;
    const rest = text.slice(start + depth, start + depth + maxLength);
    const end = rest.indexOf(closing);
    const isOpen = end < 0 && rest.length < maxLength && !rest.includes('\n');
    if (isOpen) return isEnd ? 'text' : null;
    if (end < 0 || rest.slice(0, end).includes('\n')) return 'text';
    const closeAt = start + depth + end;
    // Doubled brackets, and what follows ordinary ones, are needed to judge them.
    const lookahead = isOrdinaryBracket(opening) ? depth + 2 : depth;
    if (closeAt + lookahead > text.length && !isEnd) return null;
    const closings = Math.min(depth, runLength(text, closeAt));
    const content = text.slice(start + depth, closeAt);
    const sources = this.#sources.cited(opening, content);
    if (sources === null) return 'text';
    const after = text.slice(closeAt + closings, closeAt + closings + 2);
    if (!isOrdinaryBracket(opening)) this.#hasMarks ||= sources.length > 0;
    else if (!this.#isCitation(content, sources, { before, after })) return 'text';
    return { length: closeAt + closings - start, sources };
  }

  /** Whether a number in ordinary brackets is a citation. */
  #isCitation(
    content: string,
    sources: readonly Source[],
    { before, after }: { readonly before: string; readonly after: string },
  ): boolean {
    if (/[【〖]/u.test(content)) return false;
    if (content.includes('†')) return true;
    const [source, other] = sources;
    if (source === undefined || other !== undefined || this.#isJson || this.#hasMarks) return false;
    if (this.#sources.isOrdinary(source.number) || !/^[^\d,;]{0,15}\d{1,3}$/u.test(content)) {
      return false;
    }
    // A link, a footnote or another list.
    if (/^[(:[]/u.test(after) && !/^\[\d/u.test(after)) return false;
    // After a word or a value, the index of a list looks the same.
    return !/[\p{L}\p{N}_\])]/u.test(before) || /^(?:[.,;:!?](?:\s|$)|\[\d)/u.test(after);
  }

  /** The sources of a mark without the one that the mark before it cites. */
  #newlyCited(sources: readonly Source[]): readonly Source[] {
    const cited = sources.filter((source) => source !== this.#lastCited);
    this.#lastCited = sources.at(-1) ?? this.#lastCited;
    this.#isLineStart = false;
    this.#previous = '】';
    return cited;
  }
}

/** How often the character at `start` is repeated. */
function runLength(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text.charAt(end) === text.charAt(start)) end += 1;
  return end - start;
}
