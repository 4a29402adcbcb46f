// How often the right passage is among the first five that a search in a vector store finds, by words
// alone, beside two search libraries on the same passages. The documents are those of packages that
// are installed for development. Exits with 1 if it is too seldom, or more seldom than theirs.
import { globSync } from 'node:fs';
import { create, insertMultiple, search as searchOrama } from '@orama/orama';
import MiniSearch from 'minisearch';
import { openDatabase } from '../src/engine/store/open.ts';
import { replaceChunks } from '../src/engine/store/chunks.ts';
import { searchLexically } from '../src/engine/vector-stores/lexical-search.ts';
import { readFoundTexts } from './retrieval/found-texts.ts';
import { type Passage, type Question, readCorpus, readQuestions } from './retrieval/corpus.ts';

const resultsPerQuestion = 5;
const minRecall = 0.75;
const minQuestions = 200;

type Search = (question: string) => Promise<readonly string[]>;

const store = 'vs_bench';

/** Our own search, on a database in memory. */
async function openOwn(passages: readonly Passage[]): Promise<Search> {
  const db = await openDatabase(':memory:');
  for (const file of new Set(passages.map((passage) => passage.file))) {
    const chunks = passages.filter((passage) => passage.file === file);
    await replaceChunks(db, store, file, [
      chunks.map(({ position, text }) => ({ position, page: null, text })),
    ]);
  }
  return async (question) => {
    const scope = { vector_store_id: store, file_seqs: null, limit: resultsPerQuestion };
    return readFoundTexts(db, await searchLexically(db, question, scope));
  };
}

function openMiniSearch(passages: readonly Passage[]): Search {
  const index = new MiniSearch({ fields: ['text'] });
  index.addAll(passages.map(({ text }, id) => ({ id, text })));
  return async (question) =>
    index
      .search(question)
      .slice(0, resultsPerQuestion)
      .map(({ id }) => passages[Number(id)]?.text ?? '');
}

async function openOrama(passages: readonly Passage[]): Promise<Search> {
  const index = create({
    schema: { text: 'string' },
    components: { tokenizer: { stemming: true, language: 'english' } },
  });
  await insertMultiple(
    index,
    passages.map(({ text }) => ({ text })),
  );
  return async (question) => {
    const { hits } = await searchOrama(index, { term: question, limit: resultsPerQuestion });
    return hits.map(({ document }) => document.text);
  };
}

/** Questions whose quote is nowhere in their document: the document has changed. */
function findStale(questions: readonly Question[], passages: readonly Passage[]): Question[] {
  return questions.filter(
    ({ file, quote }) =>
      !passages.some((passage) => passage.file === file && passage.text.includes(quote)),
  );
}

type Wording = 'text' | 'textWithPackage';

/** The share of questions with a right passage among the first results. */
async function measureRecall(
  search: Search,
  questions: readonly Question[],
  wording: Wording,
): Promise<number> {
  let hits = 0;
  for (const question of questions) {
    const found = await search(question[wording]);
    const isHit = found.some((text) => text.includes(question.quote));
    if (isHit) hits += 1;
    else if (process.argv.includes('--misses'))
      console.log(`${question[wording]} (${question.quote})`);
  }
  return hits / questions.length;
}

const questions = readQuestions();
const documents = new Set([
  ...questions.map(({ file }) => file),
  ...globSync(['*/README.md', '@*/*/README.md', 'undici/docs/docs/**/*.md'], {
    cwd: 'node_modules',
  }),
]);
const passages = readCorpus([...documents].toSorted());
const stale = findStale(questions, passages);
for (const { file, quote } of stale) console.error(`Not in ${file}: ${quote}`);

const searches: readonly (readonly [name: string, search: Search])[] = [
  ['words alone', await openOwn(passages)],
  ['minisearch', openMiniSearch(passages)],
  ['@orama/orama', await openOrama(passages)],
];
const sizes = `${questions.length} questions, ${passages.length} passages of ${documents.size} documents`;
console.log(`\n${sizes}, recall@${resultsPerQuestion}\n${' '.repeat(16)}package named   not named`);
const recalls: number[] = [];
for (const [name, search] of searches) {
  const named = await measureRecall(search, questions, 'textWithPackage');
  const unnamed = await measureRecall(search, questions, 'text');
  recalls.push(named);
  console.log(
    `${name.padEnd(16)}${named.toFixed(3).padStart(13)}${unnamed.toFixed(3).padStart(12)}`,
  );
}
const [own = 0] = recalls;
console.log(`words alone with the package named: at least ${minRecall} and the others' recall`);
const isGood = own >= minRecall && own === Math.max(...recalls);
process.exitCode = isGood && stale.length === 0 && questions.length >= minQuestions ? 0 : 1;
