import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/engine/store/open.ts';
import { embedMissing, keepEmbedding } from '../../../src/engine/vector-stores/embed-chunks.ts';
import { type Embeddings, EmbeddingsError } from '../../../src/engine/models/embeddings.ts';
import type { SearchFilter } from '../../../src/engine/vector-stores/filters.ts';
import { searchStores } from '../../../src/engine/vector-stores/search.ts';
import { createClock } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { addDocument, addVectorStore } from '../../support/searched-store.ts';
import { locateDatabase } from '../../support/test-database.ts';
import { temporary } from '../../support/temporary-files.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const topics = ['animal', 'vehicle', 'fruit'];

/** Stands for a model that knows what words mean: one dimension for each topic. */
const meanings: Readonly<Record<string, string>> = {
  dog: 'animal',
  hound: 'animal',
  car: 'vehicle',
  automobile: 'vehicle',
  apple: 'fruit',
};

function toVector(text: string): Float32Array | null {
  const words = text.toLowerCase().split(/\W+/u);
  const counts = topics.map((topic) => words.filter((word) => meanings[word] === topic).length);
  const length = Math.hypot(...counts);
  return length === 0 ? null : Float32Array.from(counts, (count) => count / length);
}

function createEmbeddings(key = 'model-a') {
  const calls: string[][] = [];
  const state = { fails: false };
  const embed = (texts: readonly string[]) => {
    if (state.fails) return Promise.reject(new EmbeddingsError('down'));
    calls.push([...texts]);
    return Promise.resolve(texts.map(toVector));
  };
  const embeddings: Embeddings = {
    key,
    embedPassages: embed,
    embedQueries: (texts) => (state.fails ? Promise.resolve(null) : embed(texts)),
  };
  return { embeddings, calls, state };
}

const signal = new AbortController().signal;

async function openStore() {
  const db = await openDatabase(await locateDatabase(temporary()));
  await addVectorStore(db, 'vs_1');
  await addDocument(db, 'vs_1', 'file-1', ['the hound sleeps', 'an automobile on the road']);
  await addDocument(db, 'vs_1', 'file-2', ['my dog barks', 'an apple a day']);
  const search = async (query: string, embeddings: Embeddings | null) =>
    searchStores(
      { db, clock: createClock(), log, embeddings },
      { store_ids: ['vs_1'], queries: [query], limit: 10, filters: null, scoreThreshold: 0 },
    );
  const textsFound = async (query: string, embeddings: Embeddings | null) =>
    (await search(query, embeddings)).map(({ text }) => text);
  return { db, search, textsFound };
}

test('finds by meaning and by words where there are vectors', async () => {
  const { db, search, textsFound } = await openStore();
  const { embeddings, calls } = createEmbeddings();
  await embedMissing({ db, embeddings }, signal);
  expect(calls).toHaveLength(2);
  const found = await search('dog', embeddings);
  expect(found.map(({ text }) => text)).toEqual(['my dog barks', 'the hound sleeps']);
  expect(found[0]?.score).toBeGreaterThan(0.98);
  expect(await textsFound('dog', null)).toEqual(['my dog barks']);
  await db.destroy();
});

test('several queries are answered by meaning, from the files that a filter leaves', async () => {
  const { db } = await openStore();
  await addDocument(db, 'vs_1', 'file-3', ['a dog in a car'], { year: 2024 });
  const { embeddings } = createEmbeddings();
  await embedMissing({ db, embeddings }, signal);
  const find = async (queries: string[], filters: SearchFilter | null) => {
    const request = { store_ids: ['vs_1'], queries, limit: 10, filters, scoreThreshold: 0 };
    const found = await searchStores({ db, clock: createClock(), log, embeddings }, request);
    return found.map(({ text }) => text);
  };
  expect((await find(['hound', 'apple'], null)).toSorted()).toEqual([
    'a dog in a car',
    'an apple a day',
    'my dog barks',
    'the hound sleeps',
  ]);
  // A query without a vector is answered by its words.
  expect((await find(['road', 'apple'], null)).toSorted()).toEqual([
    'an apple a day',
    'an automobile on the road',
  ]);
  const filter = { type: 'eq', key: 'year', value: 2024 } as const;
  expect(await find(['hound', 'automobile'], filter)).toEqual(['a dog in a car']);
  await db.destroy();
});

test('files whose vectors could not be made are found by words, and get vectors later', async () => {
  const { db, textsFound } = await openStore();
  const { embeddings, state, calls } = createEmbeddings();
  state.fails = true;
  await embedMissing({ db, embeddings }, signal);
  expect(calls).toEqual([]);
  expect(await textsFound('dog', embeddings)).toEqual(['my dog barks']);
  state.fails = false;
  await embedMissing({ db, embeddings }, signal);
  await embedMissing({ db, embeddings }, signal);
  expect(calls).toHaveLength(2);
  expect(await textsFound('dog', embeddings)).toHaveLength(2);
  await db.destroy();
});

test('another model embeds all files anew, and its vectors are not compared with the old ones', async () => {
  const { db, textsFound } = await openStore();
  const old = createEmbeddings('model-a');
  await embedMissing({ db, embeddings: old.embeddings }, signal);
  const renewed = createEmbeddings('model-b');
  expect(await textsFound('dog', renewed.embeddings)).toEqual(['my dog barks']);
  await embedMissing({ db, embeddings: renewed.embeddings }, signal);
  expect(renewed.calls).toHaveLength(3);
  expect(await textsFound('dog', renewed.embeddings)).toHaveLength(2);
  expect(await textsFound('dog', old.embeddings)).toEqual(['my dog barks']);
  await db.destroy();
});

test('embedding that was interrupted continues where it stopped', async () => {
  const { db } = await openStore();
  await embedMissing({ db, embeddings: createEmbeddings().embeddings }, signal);
  const texts = Array.from({ length: 150 }, (_, index) => `dog ${index}`);
  await addDocument(db, 'vs_1', 'file-3', texts);
  const { embeddings, calls } = createEmbeddings();
  const stop = new AbortController();
  const interrupted: Embeddings = {
    ...embeddings,
    async embedPassages(passages, embedSignal) {
      const vectors = await embeddings.embedPassages(passages, embedSignal);
      if (calls.length === 2) stop.abort();
      return vectors;
    },
  };
  const call = embedMissing({ db, embeddings: interrupted }, stop.signal);
  await expect(call).rejects.toThrow(/abort/u);
  await embedMissing({ db, embeddings }, signal);
  expect(calls.map((batch) => batch.length)).toEqual([64, 64, 22]);
  expect(calls.flat()).toEqual(texts);
  await db.destroy();
});

test('an error while chunks are embedded is logged, and embedding is tried again', async () => {
  const { db, textsFound } = await openStore();
  const { embeddings } = createEmbeddings();
  const clock = createClock();
  const errors: unknown[] = [];
  let hasFailed = false;
  const failsOnce: Embeddings = {
    ...embeddings,
    embedPassages(passages, embedSignal) {
      if (hasFailed) return embeddings.embedPassages(passages, embedSignal);
      hasFailed = true;
      return Promise.reject(new Error('unexpected'));
    },
  };
  const stop = new AbortController();
  const errorLog = { ...log, error: (...entry: unknown[]) => errors.push(entry) };
  const done = keepEmbedding({ db, embeddings: failsOnce, clock, log: errorLog }, stop.signal);
  await clock.advance(1000);
  expect(errors).toEqual([['embedding chunks failed', { error: 'unexpected' }]]);
  await clock.advance(30_000);
  expect(await textsFound('dog', embeddings)).toHaveLength(2);
  stop.abort();
  await done;
  expect(errors).toHaveLength(1);
  await db.destroy();
});

test('the SDK searches a store, with one query or several, filters and a threshold', async () => {
  const file = temporary();
  const { openai, request } = await setup({ database: file });
  const db = await openDatabase(await locateDatabase(file));
  await addVectorStore(db, 'vs_1');
  await addDocument(db, 'vs_1', 'file-1', ['The warranty lasts two years.'], { year: 2024 });
  await addDocument(db, 'vs_1', 'file-2', ['The warranty was one year before.'], { year: 2020 });
  const page = await openai.vectorStores.search('vs_1', {
    query: 'How long is the warranty?',
    filters: { type: 'gte', key: 'year', value: 2022 },
    max_num_results: 3,
    ranking_options: { ranker: 'default-2024-11-15', score_threshold: 0.1 },
    rewrite_query: true,
  });
  expect(page.data).toEqual([
    {
      file_id: 'file-1',
      filename: 'file-1.md',
      score: expect.any(Number),
      attributes: { year: 2024 },
      content: [{ type: 'text', text: 'The warranty lasts two years.' }],
    },
  ]);
  const several = await request('POST', '/vector_stores/vs_1/search', {
    query: ['two years', 'one year'],
  });
  expect(several.body).toMatchObject({
    object: 'vector_store.search_results.page',
    search_query: ['two years', 'one year'],
    has_more: false,
    next_page: null,
  });
  expect(several.body.data).toHaveLength(2);
  await db.destroy();
});

test('a search that is not valid fails with one sentence that names the field', async () => {
  const file = temporary();
  const { request } = await setup({ database: file });
  const db = await openDatabase(await locateDatabase(file));
  await addVectorStore(db, 'vs_1');
  const errorOf = async (body: unknown, store = 'vs_1') => {
    const answer = await request('POST', `/vector_stores/${store}/search`, body);
    return `${answer.status} ${answer.body.error.param}: ${answer.body.error.message}`;
  };
  expect(await errorOf({})).toMatch(/^400 query: Missing required parameter: 'query'\./u);
  expect(await errorOf({ query: 3 })).toMatch(/^400 query: Invalid type for 'query'/u);
  expect(await errorOf({ query: [] })).toMatch(/^400 query: /u);
  expect(await errorOf({ query: 'a', max_num_results: 51 })).toMatch(/^400 max_num_results: /u);
  expect(await errorOf({ query: 'a', max_num_results: 0 })).toMatch(/^400 max_num_results: /u);
  expect(await errorOf({ query: 'a', rank: 1 })).toMatch(/^400 rank: Unknown parameter/u);
  const ranking_options = { score_threshold: 2 };
  expect(await errorOf({ query: 'a', ranking_options })).toMatch(
    /^400 ranking_options\.score_threshold: /u,
  );
  const filters = { type: 'like', key: 'a', value: 'b' };
  expect(await errorOf({ query: 'a', filters })).toMatch(
    /^400 filters\.type: Invalid value: 'like'/u,
  );
  const nested = { type: 'and', filters: [{ type: 'eq', key: 'a' }] };
  expect(await errorOf({ query: 'a', filters: nested })).toMatch(
    /^400 filters\.filters\[0\]\.value: /u,
  );
  expect(await errorOf({ query: 'a' }, 'vs_2')).toMatch(
    /^404 .*No vector store found with id 'vs_2'\./u,
  );
  await db.destroy();
});
