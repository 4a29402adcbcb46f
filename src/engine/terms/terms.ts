import { englishLanguage, type Language, languages } from './languages.ts';
import { type Word, wordsOf } from './words.ts';

/** The languages that have a word among their most frequent ones. */
const languagesByWord = new Map<string, Language[]>();
for (const language of languages) {
  for (const word of language.stopWords) {
    const others = languagesByWord.get(word);
    if (others === undefined) languagesByWord.set(word, [language]);
    else others.push(language);
  }
}

/** How many of the words are frequent words of each language, most first. */
function countFrequentWords(words: readonly Word[]): [Language, number][] {
  const counts = new Map<Language, number>();
  for (const { text } of words) {
    for (const language of languagesByWord.get(text) ?? []) {
      counts.set(language, (counts.get(language) ?? 0) + 1);
    }
  }
  return [...counts].toSorted(([, one], [, other]) => other - one);
}

/** The language of a text; English where that cannot be told, such as for program code. */
const languageOf = (words: readonly Word[]): Language =>
  countFrequentWords(words)[0]?.[0] ?? englishLanguage;

/** Remembers stems: texts repeat their words, and stemming takes most of the time. */
class StemCache {
  static readonly #maxEntries = 50_000;
  readonly #stems = new Map<string, string>();
  readonly #stem: (word: string) => string;

  constructor({ stem }: Language) {
    this.#stem = stem;
  }

  get(word: string): string {
    const known = this.#stems.get(word);
    if (known !== undefined) return known;
    const stem = this.#stem(word);
    if (this.#stems.size >= StemCache.#maxEntries) this.#stems.clear();
    this.#stems.set(word, stem);
    return stem;
  }
}

const caches = new Map(languages.map((language) => [language, new StemCache(language)]));

const stemIn = (language: Language, { text, isPiece }: Word): string =>
  isPiece ? text : (caches.get(language)?.get(text) ?? text);

/** The terms of a text that is searched, in order: its words, reduced to their stems. */
export function termsOf(text: string): string[] {
  const words = [...wordsOf(text)];
  const language = languageOf(words);
  return words.map((word) => stemIn(language, word));
}

/** A word of a question, and every form in which texts may have it. */
export interface QueryTerm {
  readonly word: string;
  /** Different terms, since the languages of the texts are not known. */
  readonly variants: readonly string[];
  /** How often the question has the word. */
  readonly count: number;
}

/** A question's language is certain only if its frequent words exclude all other languages. */
function candidateLanguages(words: readonly Word[]): readonly Language[] {
  const counts = countFrequentWords(words);
  const most = counts[0]?.[1] ?? 0;
  if (most < 2) return languages;
  return [
    ...new Set([
      ...counts.filter(([, count]) => count === most).map(([language]) => language),
      englishLanguage,
    ]),
  ];
}

/** In UTF-16 units. The beginning of a longer question has enough words. */
const maxQuestionLength = 20_000;

/**
 * The distinct words of a question, without frequent words such as “the” unless it has no others.
 */
export function queryTerms(question: string): QueryTerm[] {
  const words = [...wordsOf(question.slice(0, maxQuestionLength), { isQuery: true })];
  const candidates = candidateLanguages(words);
  const isStopWord = ({ text }: Word) =>
    candidates.length < languages.length
      ? candidates.some(({ stopWords }) => stopWords.has(text))
      : englishLanguage.stopWords.has(text);
  const informative = words.filter((word) => !isStopWord(word));
  const terms = new Map<string, { word: string; variants: string[]; count: number }>();
  for (const word of informative.length > 0 ? informative : words) {
    const variants = word.isPiece
      ? [word.text]
      : [...new Set([word.text, ...candidates.map((language) => stemIn(language, word))])];
    const key = variants[1] ?? word.text;
    const known = terms.get(key);
    if (known === undefined) terms.set(key, { word: word.text, variants, count: 1 });
    else known.count += 1;
  }
  return [...terms.values()];
}
