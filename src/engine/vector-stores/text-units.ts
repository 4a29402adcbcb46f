/** How good a place for the end of a chunk is. */
export const boundary = { word: 0, sentence: 1, line: 2, paragraph: 3 } as const;

/** A short piece of text that is not cut, unless it has too many tokens. */
export interface TextUnit {
  readonly start: number;
  readonly end: number;
  /** What ends here; see `boundary`. */
  readonly strength: number;
}

/** In characters. */
const maxUnitLength = 200;

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13) || code === 160;

const newline = 10;
const latinEnds = new Set(Array.from('.!?', (end) => end.codePointAt(0)));
const wideEnds = new Set(Array.from('。！？．', (end) => end.codePointAt(0)));

/** What ends behind the character at `index`; null where a word goes on. */
function strengthAt(text: string, index: number): number | null {
  const code = text.charCodeAt(index);
  if (wideEnds.has(code)) return boundary.sentence;
  if (!isSpace(code)) return null;
  const next = text.charCodeAt(index + 1);
  // All white space belongs to the unit before it.
  if (isSpace(next)) return null;
  if (code === newline) {
    return text.charCodeAt(index - 1) === newline ? boundary.paragraph : boundary.line;
  }
  if (text.charCodeAt(index - 1) === newline) return boundary.line;
  return latinEnds.has(text.charCodeAt(index - 1)) ? boundary.sentence : boundary.word;
}

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

/** The next position from `index` on that is between two characters. */
export const betweenCharacters = (text: string, index: number): number =>
  isLowSurrogate(text.charCodeAt(index)) ? index + 1 : index;

/** Cuts a text into units: at the ends of sentences and lines, and between words in long ones. */
export function* textUnits(text: string): Generator<TextUnit> {
  let start = 0;
  let lastWord = 0;
  for (let index = 0; index < text.length; index += 1) {
    const strength = strengthAt(text, index);
    if (strength !== null && strength > boundary.word) {
      yield { start, end: index + 1, strength };
      start = index + 1;
      lastWord = start;
      continue;
    }
    if (strength === boundary.word) lastWord = index + 1;
    if (index + 1 - start < maxUnitLength) continue;
    const end = betweenCharacters(text, lastWord > start ? lastWord : index + 1);
    yield { start, end, strength: boundary.word };
    start = end;
    lastWord = end;
  }
  if (start < text.length) yield { start, end: text.length, strength: boundary.paragraph };
}
