import { stemmer as arabic } from '@orama/stemmers/arabic';
import { stemmer as bulgarian } from '@orama/stemmers/bulgarian';
import { stemmer as danish } from '@orama/stemmers/danish';
import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as finnish } from '@orama/stemmers/finnish';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as greek } from '@orama/stemmers/greek';
import { stemmer as hungarian } from '@orama/stemmers/hungarian';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as norwegian } from '@orama/stemmers/norwegian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as romanian } from '@orama/stemmers/romanian';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { stemmer as swedish } from '@orama/stemmers/swedish';
import { stemmer as turkish } from '@orama/stemmers/turkish';
import { stopwords as arabicStops } from '@orama/stopwords/arabic';
import { stopwords as bulgarianStops } from '@orama/stopwords/bulgarian';
import { stopwords as danishStops } from '@orama/stopwords/danish';
import { stopwords as dutchStops } from '@orama/stopwords/dutch';
import { stopwords as englishStops } from '@orama/stopwords/english';
import { stopwords as finnishStops } from '@orama/stopwords/finnish';
import { stopwords as frenchStops } from '@orama/stopwords/french';
import { stopwords as germanStops } from '@orama/stopwords/german';
import { stopwords as greekStops } from '@orama/stopwords/greek';
import { stopwords as hungarianStops } from '@orama/stopwords/hungarian';
import { stopwords as italianStops } from '@orama/stopwords/italian';
import { stopwords as norwegianStops } from '@orama/stopwords/norwegian';
import { stopwords as portugueseStops } from '@orama/stopwords/portuguese';
import { stopwords as romanianStops } from '@orama/stopwords/romanian';
import { stopwords as russianStops } from '@orama/stopwords/russian';
import { stopwords as spanishStops } from '@orama/stopwords/spanish';
import { stopwords as swedishStops } from '@orama/stopwords/swedish';
import { stopwords as turkishStops } from '@orama/stopwords/turkish';
import { fold } from './words.ts';

/** A language whose words are reduced to stems. */
export interface Language {
  readonly name: string;
  /** The stem of a folded word. */
  readonly stem: (word: string) => string;
  /** Its most frequent words, folded; they say nothing about what a text is about. */
  readonly stopWords: ReadonlySet<string>;
}

/** Creates a language; its stop words are folded like the words of texts. */
const createLanguage = (
  name: string,
  stem: (word: string) => string,
  stopWords: readonly string[],
): Language => ({
  name,
  stem,
  stopWords: new Set(
    stopWords.flatMap((word) =>
      fold(word)
        .toLowerCase()
        .split(/[^\p{L}]+/u),
    ),
  ),
});

export const englishLanguage = createLanguage('english', english, englishStops);

/** English first: it is taken where nothing speaks for another one. */
export const languages: readonly Language[] = [
  englishLanguage,
  createLanguage('german', german, germanStops),
  createLanguage('french', french, frenchStops),
  createLanguage('spanish', spanish, spanishStops),
  createLanguage('italian', italian, italianStops),
  createLanguage('portuguese', portuguese, portugueseStops),
  createLanguage('dutch', dutch, dutchStops),
  createLanguage('russian', russian, russianStops),
  createLanguage('bulgarian', bulgarian, bulgarianStops),
  createLanguage('swedish', swedish, swedishStops),
  createLanguage('danish', danish, danishStops),
  createLanguage('norwegian', norwegian, norwegianStops),
  createLanguage('finnish', finnish, finnishStops),
  createLanguage('hungarian', hungarian, hungarianStops),
  createLanguage('romanian', romanian, romanianStops),
  createLanguage('turkish', turkish, turkishStops),
  createLanguage('greek', greek, greekStops),
  createLanguage('arabic', arabic, arabicStops),
];
