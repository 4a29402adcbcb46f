import { yieldIfOthersWait } from '../../shared/clock.ts';
import { chunkId } from '../store/chunk-ids.ts';
import { storeVectors } from '../store/chunk-vectors.ts';
import type { Database } from '../store/schema.ts';
import { byScore, type RankedChunk, type SearchScope } from './lexical-search.ts';
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
    return this.#chunks.toSorted(byScore).slice(0, this.#limit);
  }
}

/**
 * Ranks the chunks of a store by the similarity of their vectors to that of each query; reads all of
 * them once. A query without a vector finds none.
 */
export async function searchVectors(
  db: Database,
  embedding: string,
  queries: readonly (Float32Array | null)[],
  { vector_store_id, file_seqs, limit }: SearchScope,
): Promise<readonly RankedChunk[][]> {
  const rankings = queries.map((query) => ({ query, best: new Best(limit) }));
  const lengths = new Set(queries.flatMap((query) => query?.length ?? []));
  for (const dimensions of lengths) {
    const blocks = storeVectors(db, { vector_store_id, file_seqs, embedding, dimensions });
    for await (const { file_seq, position, vectors } of blocks) {
      for (const { query, best } of rankings) {
        if (query?.length !== dimensions) continue;
        await yieldIfOthersWait();
        compareWith(query, vectors, (index, score) =>
          best.add(chunkId(file_seq, position + index), score),
        );
      }
    }
  }
  return rankings.map(({ best }) => best.sorted());
}
