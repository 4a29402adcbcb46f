import { englishLanguage, type Language, languages } from './languages.ts';
import { isPiece, wordsOf } from './words.ts';

/** The languages that have a word among their most frequent ones. */
const languagesByWord = new Map<string, Language[]>();
for (const language of languages) {
  for (const word of language.stopWords) {
    const others = languagesByWord.get(word);
    if (others === undefined) languagesByWord.set(word, [language]);
    else others.push(language);
  }
}

/** Enough to tell the language of a text. */
const sampleSize = 150;

/** How many of the words are frequent words of each language, most first. */
function countFrequentWords(words: readonly string[]): [Language, number][] {
  const counts = new Map<Language, number>();
  for (const word of words.slice(0, sampleSize)) {
    for (const language of languagesByWord.get(word) ?? []) {
      counts.set(language, (counts.get(language) ?? 0) + 1);
    }
  }
  return [...counts].toSorted(([, one], [, other]) => other - one);
}

const maxCachedStems = 50_000;

/** Remembers stems: texts repeat their words, and stemming takes most of the time. */
function createStemmer({ stem }: Language): (word: string) => string {
  const stems = new Map<string, string>();
  return (word) => {
    if (isPiece(word)) return word;
    const known = stems.get(word);
    if (known !== undefined) return known;
    const result = stem(word);
    if (stems.size >= maxCachedStems) stems.clear();
    stems.set(word, result);
    return result;
  };
}

const stemmers = new Map(languages.map((language) => [language, createStemmer(language)]));

const stemmerOf = (language: Language) => stemmers.get(language) ?? language.stem;

/** The terms of a text that is searched, in order: its words, reduced to their stems. */
export function termsOf(text: string): string[] {
  const words = wordsOf(text);
  // English where it cannot be told, such as for program code.
  const language = countFrequentWords(words)[0]?.[0] ?? englishLanguage;
  return words.map(stemmerOf(language));
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
function candidateLanguages(words: readonly string[]): readonly Language[] {
  const counts = countFrequentWords(words);
  const most = counts[0]?.[1] ?? 0;
  if (most < 2) return languages;
  const likely = counts.filter(([, count]) => count === most).map(([language]) => language);
  return [...new Set([...likely, englishLanguage])];
}

/** In UTF-16 units. The beginning of a longer question has enough words. */
const maxQuestionLength = 4096;

/** The forms of a word in texts of the candidate languages. */
const variantsOf = (word: string, candidates: readonly Language[]): string[] => [
  ...new Set([word, ...candidates.map((language) => stemmerOf(language)(word))]),
];

/** The distinct words of a question, without frequent ones such as “the” unless it has no others. */
export function queryTerms(question: string): QueryTerm[] {
  const words = wordsOf(question.slice(0, maxQuestionLength), { isQuery: true });
  const candidates = candidateLanguages(words);
  const isCertain = candidates.length < languages.length;
  const stopWords = (isCertain ? candidates : [englishLanguage]).map(
    (language) => language.stopWords,
  );
  const isStopWord = (word: string) =>
    stopWords.some((set) => set.has(word)) || /^[a-z]$/u.test(word);
  const informative = words.filter((word) => !isStopWord(word));
  const terms = new Map<string, QueryTerm>();
  for (const word of informative.length > 0 ? informative : words) {
    const variants = variantsOf(word, candidates);
    // Two forms of one word are one term.
    const key = variants[1] ?? word;
    terms.set(key, { word, variants, count: (terms.get(key)?.count ?? 0) + 1 });
  }
  return [...terms.values()];
}
