import { setTimeout } from 'node:timers/promises';
import OpenAI from 'openai';
import { killChild, startBuiltServe } from '../../bench/built-program.ts';
import { openDatabase } from '../../src/engine/store/open.ts';
import type { Database } from '../../src/engine/store/schema.ts';
import { createRandom, type Random } from '../random.ts';

export interface IngestionCyclesOptions {
  /** A database that does not exist yet. */
  readonly database: string;
  /** How often `serve` is killed. */
  readonly cycles: number;
  readonly files: number;
  readonly seed: number;
}

export interface IngestionReport {
  readonly kills: number;
  /** Kills while a file was being read. */
  readonly killsWhileReading: number;
  readonly files: number;
  readonly completed: number;
  readonly chunks: number;
  readonly violations: readonly string[];
}

/** Unread files are a violation by then. */
const timeoutMs = 120_000;

/** The text of a file: sentences that no other file has, some pages long. */
function textOf(number: number, random: Random): string {
  const sentences = 400 + random.integerBelow(1600);
  return Array.from(
    { length: sentences },
    (_, index) => `Sentence ${index} of document${number} says ${random.integerBelow(1e9)}.`,
  ).join('\n');
}

async function start(database: string) {
  const env = { ASSISTANTS_DATABASE: database, ASSISTANTS_MODEL_API: 'scripted' };
  const { child, restURL } = await startBuiltServe(env);
  return { child, openai: new OpenAI({ baseURL: restURL, apiKey: 'any', maxRetries: 0 }) };
}

type Server = Awaited<ReturnType<typeof start>>;

const countLeased = async (db: Database): Promise<number> =>
  (
    await db
      .selectFrom('vector_store_files')
      .select('seq')
      .where('status', '=', 'in_progress')
      .where('lease_token', 'is not', null)
      .execute()
  ).length;

/** Ends the leases of the killed server at once, instead of waiting ten seconds for it. */
const endLeases = async (db: Database): Promise<void> => {
  await db.updateTable('vector_store_files').set({ lease_until: 0 }).execute();
};

async function waitUntilRead({ openai }: Server, store_id: string): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const { file_counts } = await openai.vectorStores.retrieve(store_id);
    if (file_counts.in_progress === 0) return true;
    await setTimeout(200);
  }
  return false;
}

const words = (content: string): string => content.split(/\s+/u).join(' ');

/** What is wrong with a file that was read: its status, its text, or its chunks in the index. */
async function problemsOf(
  { openai }: Server,
  vector_store_id: string,
  [file_id, text]: readonly [file_id: string, text: string],
): Promise<string[]> {
  const file = await openai.vectorStores.files.retrieve(file_id, { vector_store_id });
  if (file.status !== 'completed') {
    return [`${file_id} is ${file.status}: ${file.last_error?.message ?? 'without a reason'}`];
  }
  const parts: string[] = [];
  for await (const part of openai.vectorStores.files.content(file_id, { vector_store_id })) {
    parts.push(part.text ?? '');
  }
  return words(parts.join('\n')) === words(text) ? [] : [`${file_id} has another text`];
}

/** Files whose chunks are stored twice, or whose chunks are not all stored. */
async function problemsOfChunks(db: Database): Promise<string[]> {
  const rows = await db.selectFrom('chunk_files').select(['file_id', 'is_complete']).execute();
  const seen = new Set<string>();
  return rows.flatMap(({ file_id, is_complete }) => {
    const isKnown = seen.has(file_id);
    seen.add(file_id);
    if (isKnown) return [`${file_id} has chunks twice`];
    return is_complete === 1 ? [] : [`${file_id} has unfinished chunks`];
  });
}

/** Kills `serve` again and again while it reads the files of a vector store, then checks all of them. */
export async function runIngestionCycles(
  options: IngestionCyclesOptions,
): Promise<IngestionReport> {
  const { database, cycles, files, seed } = options;
  const random = createRandom(seed);
  let server = await start(database);
  const db = await openDatabase(database);
  const { id: store_id } = await server.openai.vectorStores.create({ name: 'Documents' });
  const texts = new Map<string, string>();
  for (let number = 0; number < files; number += 1) {
    const text = textOf(number, random);
    const file = new File([text], `document-${number}.txt`);
    const { id } = await server.openai.files.create({ file, purpose: 'assistants' });
    texts.set(id, text);
  }
  const ids = [...texts.keys()];
  let kills = 0;
  let killsWhileReading = 0;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const first = Math.floor((cycle * files) / cycles);
    const added = ids.slice(first, Math.floor(((cycle + 1) * files) / cycles));
    for (const file_id of added)
      await server.openai.vectorStores.files.create(store_id, { file_id });
    await setTimeout(random.integerBelow(1500));
    if ((await countLeased(db)) > 0) killsWhileReading += 1;
    await killChild(server.child);
    kills += 1;
    await endLeases(db);
    server = await start(database);
  }
  const violations: string[] = [];
  if (!(await waitUntilRead(server, store_id))) violations.push('files were not read in time');
  for (const entry of texts) violations.push(...(await problemsOf(server, store_id, entry)));
  violations.push(...(await problemsOfChunks(db)));
  const { file_counts } = await server.openai.vectorStores.retrieve(store_id);
  const chunks = await db.selectFrom('chunks').select('id').execute();
  await killChild(server.child);
  await db.destroy();
  const { completed } = file_counts;
  return { kills, killsWhileReading, files, completed, chunks: chunks.length, violations };
}
