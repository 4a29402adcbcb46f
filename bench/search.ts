// How long a search in a vector store of 2,000, 20,000 and 200,000 chunks takes, and how large its index
// is, in SQLite and, if ASSISTANTS_TEST_POSTGRES is set, in PostgreSQL. Exits with 1 if a search takes
// too long. `--sizes 2000,20000` measures only these.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { capabilitiesOf } from '../src/engine/store/capabilities.ts';
import { replaceChunks } from '../src/engine/store/chunks.ts';
import { type Database, openDatabase } from '../src/engine/store/open.ts';
import { searchLexically } from '../src/engine/vector-stores/lexical-search.ts';
import { createSchema } from '../test/support/schema.ts';
import { median } from './median.ts';
import { readCorpus, readQuestions } from './retrieval/corpus.ts';

const maxMsOf20000 = 50;
const maxRatio = 4;
const rounds = 40;
const chunksPerFile = 40;
const wordsPerChunk = 500;
const store = 'vs_bench';

const argument = process.argv.indexOf('--sizes');
const sizes = (argument < 0 ? '2000,20000,200000' : (process.argv[argument + 1] ?? ''))
  .split(',')
  .map(Number);

const questions = readQuestions().map(({ textWithPackage }) => textWithPackage);
const words = readCorpus([...new Set(readQuestions().map(({ file }) => file))]).flatMap(
  ({ text }) => text.match(/[a-z]{2,}/giu) ?? [],
);

/** Passages of the real documents, each mixed from a few places, so that chunks differ. */
function* createFiles(chunks: number): Generator<readonly string[]> {
  let seed = 1;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let made = 0; made < chunks; made += chunksPerFile) {
    yield Array.from({ length: Math.min(chunksPerFile, chunks - made) }, () =>
      Array.from({ length: 10 }, () => {
        const start = Math.floor(random() * words.length);
        const part = words.slice(start, start + wordsPerChunk / 10);
        return `${part.join(' ')} id${Math.floor(random() * chunks)}`;
      }).join(' '),
    );
  }
}

async function fill(db: Database, chunks: number): Promise<void> {
  let count = 0;
  for (const texts of createFiles(chunks)) {
    const rows = texts.map((text, position) => ({ position, page: null, text }));
    await replaceChunks(db, store, `file-${(count += 1)}`, [rows]);
  }
  // PostgreSQL's autovacuum would do this soon.
  if (capabilitiesOf(db) !== null) await sql`vacuum analyze chunk_index`.execute(db);
}

/** In megabytes: the full-text index alone. */
async function indexSize(db: Database): Promise<number> {
  const query =
    capabilitiesOf(db) === null
      ? sql<{ size: number }>`select sum(length(block)) as size from chunk_index_data`
      : sql<{ size: number }>`select pg_total_relation_size('chunk_index') as size`;
  return ((await query.execute(db)).rows[0]?.size ?? 0) / 1e6;
}

async function measure(db: Database): Promise<number> {
  const times: number[] = [];
  const scope = { vector_store_id: store, file_seqs: null, limit: 20 };
  for (let round = 0; round <= rounds; round += 1) {
    const question = questions[round % questions.length] ?? '';
    const startedAt = performance.now();
    await searchLexically(db, question, scope);
    // The first round loads stop words and stems.
    if (round > 0) times.push(performance.now() - startedAt);
  }
  return median(times);
}

/** Prints a row for each size; true if all are within the limits. */
async function measureAll(kind: string, open: (chunks: number) => Promise<Database>) {
  console.log(`\n${kind}: chunks, fill s, index MB, search ms (median of ${rounds} questions)`);
  const times = new Map<number, number>();
  for (const chunks of sizes) {
    const db = await open(chunks);
    const startedAt = performance.now();
    await fill(db, chunks);
    const seconds = (performance.now() - startedAt) / 1000;
    const ms = await measure(db);
    times.set(chunks, ms);
    const cells = [seconds, await indexSize(db), ms].map((value) => value.toFixed(1).padStart(10));
    console.log(`${String(chunks).padStart(8)}${cells.join('')}`);
    await db.destroy();
  }
  const middle = times.get(20_000) ?? 0;
  const largest = times.get(200_000) ?? 0;
  const isFast = middle <= maxMsOf20000 && largest <= maxRatio * maxMsOf20000;
  console.log(`20,000: at most ${maxMsOf20000} ms; 200,000: at most ${maxRatio} times that`);
  return isFast;
}

const folder = mkdtempSync(join(tmpdir(), 'assistants-mcp-bench-'));
const server = process.env['ASSISTANTS_TEST_POSTGRES'];
const results: boolean[] = [];
try {
  results.push(await measureAll('SQLite', (chunks) => openDatabase(join(folder, `${chunks}.db`))));
  if (server !== undefined) {
    const schemas = new Map<number, Awaited<ReturnType<typeof createSchema>>>();
    results.push(
      await measureAll('PostgreSQL', async (chunks) => {
        const schema = await createSchema(server);
        schemas.set(chunks, schema);
        return openDatabase(schema.url);
      }),
    );
    for (const schema of schemas.values()) await schema.drop();
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = results.every(Boolean) ? 0 : 1;
