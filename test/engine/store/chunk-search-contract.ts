import * as fc from 'fast-check';
import { expect } from 'vitest';
import { deleteChunks, replaceChunks } from '../../../src/engine/store/chunks.ts';
import type { Database } from '../../../src/engine/store/schema.ts';
import type { SearchFilter } from '../../../src/engine/vector-stores/filters.ts';
import { type LocalSearchRequest, searchStores } from '../../../src/engine/vector-stores/search.ts';
import { createClock } from '../../support/clock.ts';
import { addDocument, addVectorStore } from '../../support/searched-store.ts';
import { openPair, type TestedDatabase, testUnless } from './test-databases.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const search = (db: Database, query: string, request: Partial<LocalSearchRequest> = {}) =>
  searchStores(
    { db, clock: createClock(), log },
    {
      store_ids: ['vs_1'],
      queries: [query],
      limit: 10,
      filters: null,
      scoreThreshold: 0,
      ...request,
    },
  );

const filesFound = async (...args: Parameters<typeof search>): Promise<string[]> =>
  (await search(...args)).map(({ file_id }) => file_id);

const texts = {
  'file-english': 'The running dogs were chasing every cat in the neighbourhood gardens.',
  'file-german': 'Die Häuser in der Stadt sind sehr teuer, und die Preise steigen jedes Jahr.',
  'file-french': 'Les élèves étudient la météorologie à Genève pendant les cours d’été.',
  'file-japanese': '東京タワーは東京都港区にある電波塔です。',
  'file-thai': 'กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย',
  'file-korean': '한국어 문서를 검색할 수 있습니다.',
  'file-russian': 'Столица России — город Москва, в котором живёт много людей.',
  'file-code': 'Call fs.createReadStream(path) to read_large_files without loading them.',
};

async function addTexts(db: Database): Promise<void> {
  await addVectorStore(db, 'vs_1');
  for (const [file, text] of Object.entries(texts)) await addDocument(db, 'vs_1', file, [text]);
}

const hostile = [
  '',
  ' ',
  '"',
  "'; drop table chunks; --",
  '" OR 1=1 --',
  'NEAR(a b, 5) AND NOT c* ^d {keys}: x',
  'a\0b\uD800',
  '{1,2}::bigint[] $1 ? % _ \\',
  '*'.repeat(1000),
  'running '.repeat(15_000),
  Array.from({ length: 20_000 }, (_, index) => `w${index}`).join(' '),
];

function languages(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('finds words in other forms, without accents, in parts and in scripts without spaces', async () => {
    const [db] = await openPair(database);
    await addTexts(db);
    const questions: [string, keyof typeof texts][] = [
      ['Which dog runs after cats?', 'file-english'],
      ['haus preis', 'file-german'],
      ['meteorologie geneve', 'file-french'],
      ['étudier la météorologie', 'file-french'],
      ['東京タワー', 'file-japanese'],
      ['塔', 'file-japanese'],
      ['เมืองหลวง', 'file-thai'],
      ['검색', 'file-korean'],
      ['столицей', 'file-russian'],
      ['ЖИВЕТ', 'file-russian'],
      ['read stream', 'file-code'],
      ['CREATEREADSTREAM', 'file-code'],
      ['ｆｉｌｅｓ ｌａｒｇｅ', 'file-code'],
    ];
    for (const [question, file] of questions) {
      expect([question, (await filesFound(db, question))[0]]).toEqual([question, file]);
    }
    expect(await filesFound(db, 'submarine')).toEqual([]);
  });

  test('any question is answered without an error', async () => {
    const [db] = await openPair(database);
    await addTexts(db);
    for (const question of hostile) await search(db, question);
    expect(await filesFound(db, 'running '.repeat(15_000))).toEqual(['file-english']);
    const property = fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 60 }),
      async (question) => {
        await search(db, question);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  test('any text can be stored and found by its own words', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1');
    let count = 0;
    const property = fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 40 }),
      async (text) => {
        const file = `file-${(count += 1)}`;
        await addDocument(db, 'vs_1', file, [`${text} marker${count}`]);
        expect((await filesFound(db, `marker${count}`))[0]).toBe(file);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });
}

function scope(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('searches only the given stores, and each file of two stores in both', async () => {
    const [db] = await openPair(database);
    for (const store of ['vs_1', 'vs_2']) await addVectorStore(db, store);
    await addDocument(db, 'vs_1', 'file-1', ['apples and pears']);
    await addDocument(db, 'vs_2', 'file-2', ['apples and plums']);
    expect(await filesFound(db, 'apples')).toEqual(['file-1']);
    expect(await filesFound(db, 'apples', { store_ids: ['vs_2'] })).toEqual(['file-2']);
    const both = await filesFound(db, 'apples', { store_ids: ['vs_1', 'vs_2', 'vs_1'] });
    expect(both.toSorted()).toEqual(['file-1', 'file-2']);
    expect(await filesFound(db, 'apples', { store_ids: ['vs_3'] })).toEqual([]);
  });

  test('an expired store has no results, and a search puts off the expiry of the others', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1', 1);
    await addDocument(db, 'vs_1', 'file-1', ['apples']);
    const clock = createClock();
    const day = 86_400_000;
    const request = {
      store_ids: ['vs_1'],
      queries: ['apples'],
      limit: 1,
      filters: null,
      scoreThreshold: 0,
    };
    const later = (ms: number) => ({ ...clock, now: () => clock.now() + ms });
    const found = async (ms: number) =>
      (await searchStores({ db, clock: later(ms), log }, request)).length;
    expect(await found(0.9 * day)).toBe(1);
    expect(await found(1.8 * day)).toBe(1);
    expect(await found(2.9 * day)).toBe(0);
  });

  test('chunks that are not complete or were deleted are not found', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1');
    await addDocument(db, 'vs_1', 'file-1', ['apples']);
    async function* interrupted() {
      yield [{ position: 0, page: null, text: 'oranges' }];
      expect(await filesFound(db, 'oranges')).toEqual([]);
      throw new Error('killed');
    }
    await expect(replaceChunks(db, 'vs_1', 'file-1', interrupted())).rejects.toThrow('killed');
    expect(await filesFound(db, 'oranges')).toEqual([]);
    expect(await filesFound(db, 'apples')).toEqual(['file-1']);
    await deleteChunks(db, 'vs_1', 'file-1');
    expect(await filesFound(db, 'apples')).toEqual([]);
  });

  test('ranks chunks with more of the question, and with rarer words, higher', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1');
    await addDocument(db, 'vs_1', 'file-1', ['backup of the database']);
    await addDocument(db, 'vs_1', 'file-2', ['restore a backup of the database with the key']);
    await addDocument(db, 'vs_1', 'file-3', ['the database has tables', 'a database table']);
    const results = await search(db, 'How can I restore the database backup?');
    expect(results.map(({ file_id }) => file_id).slice(0, 2)).toEqual(['file-2', 'file-1']);
    const scores = results.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((one, other) => other - one));
    expect(scores.every((score) => score > 0 && score <= 1)).toBe(true);
    const middle = scores[1] ?? 0;
    expect(await filesFound(db, 'restore the database backup', { limit: 1 })).toEqual(['file-2']);
    const strict = await search(db, 'How can I restore the database backup?', {
      scoreThreshold: middle,
    });
    expect(strict.every(({ score }) => score >= middle)).toBe(true);
    expect(strict).toHaveLength(2);
  });

  test('several queries are answered together, each chunk once', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1');
    await addDocument(db, 'vs_1', 'file-1', ['apples are red']);
    await addDocument(db, 'vs_1', 'file-2', ['bananas are yellow']);
    const found = await filesFound(db, '', { queries: ['apples', 'bananas', 'red apples'] });
    expect(found.toSorted()).toEqual(['file-1', 'file-2']);
  });

  test('finds the best chunks although a word is in thousands of them', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1');
    const fill = Array.from({ length: 1500 }, (_, index) => `common other words${index}`);
    await addDocument(db, 'vs_1', 'file-1', fill);
    await addDocument(db, 'vs_1', 'file-2', ['common common common']);
    await addDocument(db, 'vs_1', 'file-3', ['common and other, and both once with rarity']);
    expect((await filesFound(db, 'common'))[0]).toBe('file-2');
    expect((await filesFound(db, 'common rarity'))[0]).toBe('file-3');
  });
}

function filters(database: TestedDatabase): void {
  const test = testUnless(database.skipReason);

  test('filters by attributes of all types, nested', async () => {
    const [db] = await openPair(database);
    await addVectorStore(db, 'vs_1');
    await addDocument(db, 'vs_1', 'file-1', ['apples'], { year: 2020, lang: 'de', done: true });
    await addDocument(db, 'vs_1', 'file-2', ['apples'], { year: 2024, lang: 'en', done: false });
    await addDocument(db, 'vs_1', 'file-3', ['apples']);
    const found = async (filter: SearchFilter) =>
      (await filesFound(db, 'apples', { filters: filter })).toSorted().join(' ');
    expect(await found({ type: 'eq', key: 'lang', value: 'de' })).toBe('file-1');
    expect(await found({ type: 'ne', key: 'lang', value: 'de' })).toBe('file-2 file-3');
    expect(await found({ type: 'eq', key: 'done', value: false })).toBe('file-2');
    expect(await found({ type: 'eq', key: 'year', value: '2020' })).toBe('');
    expect(await found({ type: 'gt', key: 'year', value: 2020 })).toBe('file-2');
    expect(await found({ type: 'gte', key: 'year', value: 2020 })).toBe('file-1 file-2');
    expect(await found({ type: 'lt', key: 'year', value: 2024 })).toBe('file-1');
    expect(await found({ type: 'lte', key: 'lang', value: 'de' })).toBe('file-1');
    expect(await found({ type: 'in', key: 'year', value: [2024, 2025] })).toBe('file-2');
    expect(await found({ type: 'nin', key: 'year', value: [2024] })).toBe('file-1 file-3');
    expect(await found({ type: 'eq', key: '__proto__', value: 'x' })).toBe('');
    const german = { type: 'eq', key: 'lang', value: 'de' } as const;
    const recent = { type: 'gt', key: 'year', value: 2021 } as const;
    expect(await found({ type: 'and', filters: [german, recent] })).toBe('');
    const either = { type: 'or', filters: [german, recent] } as const;
    expect(await found(either)).toBe('file-1 file-2');
    expect(await found({ type: 'and', filters: [either, recent] })).toBe('file-2');
  });
}

/** The tests of searching chunks. */
export function chunkSearchContract(database: TestedDatabase): void {
  languages(database);
  scope(database);
  filters(database);
}
