import { yieldIfOthersWait } from '../../shared/clock.ts';
import { storeVectors } from '../store/chunk-vectors.ts';
import { chunkId } from '../store/chunks.ts';
import type { Database } from '../store/schema.ts';
import type { RankedChunk, SearchScope } from './lexical-search.ts';
import { compareWith } from './quantised-vectors.ts';

/** Keeps the best of many without sorting all. */
class Best {
  readonly #limit: number;
  #chunks: RankedChunk[] = [];
  #lowest = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(id: number, score: number): void {
    if (score <= this.#lowest) return;
    this.#chunks.push({ id, score });
    if (this.#chunks.length < this.#limit * 2) return;
    this.#chunks = this.sorted();
    this.#lowest = this.#chunks.at(-1)?.score ?? 0;
  }

  sorted(): RankedChunk[] {
    return this.#chunks
      .toSorted((one, other) => other.score - one.score || one.id - other.id)
      .slice(0, this.#limit);
  }
}

/** Ranks the chunks of a store by the similarity of their vectors to one; reads all of them. */
export async function searchVectors(
  db: Database,
  embedding: string,
  query: Float32Array,
  { vector_store_id, file_seqs, limit }: SearchScope,
): Promise<RankedChunk[]> {
  const allowed = file_seqs === null ? null : new Set(file_seqs);
  const best = new Best(limit);
  const scope = { vector_store_id, embedding, dimensions: query.length };
  for await (const { file_seq, position, vectors } of storeVectors(db, scope)) {
    if (allowed?.has(file_seq) === false) continue;
    await yieldIfOthersWait();
    compareWith(query, vectors, (index, score) =>
      best.add(chunkId(file_seq, position + index), score),
    );
  }
  return best.sorted();
}
