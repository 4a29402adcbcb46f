/** Accents and optional vowel points of Latin, Greek, Cyrillic, Hebrew and Arabic, and invisible characters. */
const ignoredMarks =
  /[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u065f\u0670\u00ad\u200b-\u200f\u2060\ufeff]/gu;

/** Letters that Unicode does not decompose, and other spellings of one letter. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  ẞ: 'SS',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'Th',
  ħ: 'h',
  Ħ: 'H',
  ı: 'i',
  ς: 'σ',
  ى: 'ي',
  ة: 'ه',
};

const unusualLetter = /[ßẞæÆœŒøØłŁđĐðÐþÞħĦıςىة]/gu;

/** Whether compatibility forms or accents are possible at all. */
const beyondAscii = /[^\0-\x7f]/u;

/** Makes texts equal that differ only in accents and in the form of their characters; case stays. */
export function fold(text: string): string {
  if (!beyondAscii.test(text)) return text;
  return text
    .normalize('NFKD')
    .replaceAll(ignoredMarks, '')
    .replaceAll(unusualLetter, (letter) => plainLetters[letter] ?? letter)
    .normalize('NFC');
}

/** Scripts that do not put spaces between words, and Korean, whose words have many endings. */
const spaceless =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tibetan}]/u;

const wordOrRun = /[\p{L}\p{N}\p{M}]+/gu;

/** Where an identifier such as `readFileSync` or `HTTPServer` has its parts. */
const partBoundary = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

/** In UTF-16 units; what is longer is no word of a language. */
const maxWordLength = 64;

/** Longer words are not identifiers. */
const maxPartsLength = 40;

/** A word as it is compared: folded, in lower case. */
export interface Word {
  readonly text: string;
  /** Whether it is a piece of a run without spaces, which has no stem. */
  readonly isPiece: boolean;
}

/** The single characters and the pairs of neighbours: any part of such a run can be searched. */
function* piecesOf(run: string, isQuery: boolean): Generator<Word> {
  const characters = Array.from(run);
  for (const [index, character] of characters.entries()) {
    const next = characters[index + 1];
    // In a query, pairs say more than their characters.
    if (!isQuery || characters.length === 1) yield { text: character, isPiece: true };
    if (next !== undefined) yield { text: character + next, isPiece: true };
  }
}

function* plainWords(word: string): Generator<Word> {
  const text = word.toLowerCase().slice(0, maxWordLength).toWellFormed();
  yield { text, isPiece: false };
  if (word.length > maxPartsLength || text === word) return;
  const parts = word.split(partBoundary);
  if (parts.length === 1) return;
  for (const part of parts) yield { text: part.toLowerCase(), isPiece: false };
}

/** Splits a run of letters where the script changes between one with and one without spaces. */
function* wordsOfRun(run: string, isQuery: boolean): Generator<Word> {
  let start = 0;
  let wasSpaceless: boolean | null = null;
  let position = 0;
  const emit = (end: number) =>
    wasSpaceless === true
      ? piecesOf(run.slice(start, end).toLowerCase(), isQuery)
      : plainWords(run.slice(start, end));
  for (const character of run) {
    const isSpaceless = spaceless.test(character);
    if (wasSpaceless !== null && isSpaceless !== wasSpaceless && !/\p{M}/u.test(character)) {
      yield* emit(position);
      start = position;
      wasSpaceless = isSpaceless;
    }
    wasSpaceless ??= isSpaceless;
    position += character.length;
  }
  yield* emit(position);
}

/** The words of any text, in order. An identifier counts as a whole and as its parts. */
export function* wordsOf(text: string, { isQuery = false } = {}): Generator<Word> {
  for (const [run] of fold(text).matchAll(wordOrRun)) {
    if (spaceless.test(run)) yield* wordsOfRun(run, isQuery);
    else yield* plainWords(run);
  }
}
