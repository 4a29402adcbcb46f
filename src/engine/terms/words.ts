/** Accents and optional vowel points of Latin, Greek, Cyrillic, Hebrew and Arabic, and invisible characters. */
const ignoredMarks =
  // oxlint-disable-next-line no-misleading-character-class -- each mark is meant by itself
  /[\u{300}-\u{36f}\u{591}-\u{5c7}\u{640}\u{64b}-\u{65f}\u{670}\u{ad}\u{200b}-\u{200f}\u{2060}\u{feff}]/gu;

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

const run = /[\p{L}\p{N}\p{M}]+/gu;
const asciiRun = /[a-zA-Z0-9]+/gu;

/** Where an identifier such as `readFileSync` or `HTTPServer` has its parts. */
const partBoundary = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

/** In UTF-16 units; what is longer is no word of a language. */
const maxWordLength = 64;

/** The single characters and the pairs of neighbours, so that any part of the text can be found. */
function addPieces(words: string[], text: string, isQuery: boolean): void {
  const characters = Array.from(text);
  for (const [index, character] of characters.entries()) {
    const next = characters[index + 1];
    // In a query, pairs say more than their characters.
    if (!isQuery || characters.length === 1) words.push(character);
    if (next !== undefined) words.push(character + next);
  }
}

function addWord(words: string[], text: string): void {
  const word = text.toLowerCase();
  words.push(word.slice(0, maxWordLength).toWellFormed());
  if (word === text || text.length > maxWordLength) return;
  const rest = text.slice(1);
  // Most words have no capital letter after the first.
  if (rest === rest.toLowerCase()) return;
  const parts = text.split(partBoundary);
  if (parts.length > 1) words.push(...parts.map((part) => part.toLowerCase()));
}

/** Splits letters where the script changes between one with and one without spaces. */
function addMixed(words: string[], text: string, isQuery: boolean): void {
  let start = 0;
  let position = 0;
  let wasSpaceless: boolean | null = null;
  const add = () => {
    const part = text.slice(start, position);
    if (wasSpaceless === true) addPieces(words, part.toLowerCase(), isQuery);
    else addWord(words, part);
  };
  for (const character of text) {
    const isSpaceless = spaceless.test(character);
    if (wasSpaceless !== null && isSpaceless !== wasSpaceless && !/\p{M}/u.test(character)) {
      add();
      start = position;
      wasSpaceless = isSpaceless;
    }
    wasSpaceless ??= isSpaceless;
    position += character.length;
  }
  add();
}

/** Whether a word is a piece of text without spaces, which has no stem. */
export const isPiece = (word: string): boolean => word.charCodeAt(0) >= 0x0e00;

/**
 * The words of any text, in order, folded and in lower case. An identifier counts as a whole and as
 * its parts.
 */
export function wordsOf(text: string, { isQuery = false } = {}): string[] {
  const words: string[] = [];
  if (!beyondAscii.test(text)) {
    for (const word of text.match(asciiRun) ?? []) addWord(words, word);
    return words;
  }
  for (const part of fold(text).match(run) ?? []) {
    if (spaceless.test(part)) addMixed(words, part, isQuery);
    else addWord(words, part);
  }
  return words;
}
