import type { Clock } from '../../shared/clock.ts';
import { errorMessage } from '../../shared/errors.ts';
import type { Log } from '../../shared/log.ts';
import { type Embeddings, EmbeddingsError } from '../models/embeddings.ts';
import { positionOf } from '../store/chunk-ids.ts';
import {
  findFileToEmbed,
  finishVectors,
  insertVectors,
  nextTexts,
  prepareVectors,
} from '../store/chunk-vectors.ts';
import type { Database } from '../store/schema.ts';
import { quantise, quantisedBytes } from './quantised-vectors.ts';

interface EmbedDeps {
  readonly db: Database;
  readonly embeddings?: Embeddings | null;
}

/** Chunks of one call of the model. */
const blockSize = 64;

/** The chunks from the first one up to a gap in their positions. */
function withoutGap<T extends { readonly id: number }>(rows: readonly T[]): readonly T[] {
  const first = rows[0]?.id ?? 0;
  const gap = rows.findIndex(({ id }, index) => id !== first + index);
  return gap === -1 ? rows : rows.slice(0, gap);
}

/** Embeds the chunks of a file that have no vectors yet, block by block. */
async function embedFile(
  db: Database,
  embeddings: Embeddings,
  seq: number,
  signal: AbortSignal,
): Promise<void> {
  const { key } = embeddings;
  const last = await prepareVectors(db, seq, key);
  let position =
    last === undefined
      ? 0
      : last.position + last.vectors.byteLength / quantisedBytes(last.dimensions);
  for (;;) {
    signal.throwIfAborted();
    const rows = withoutGap(await nextTexts(db, seq, position, blockSize));
    const [first] = rows;
    if (first === undefined) break;
    const vectors = await embeddings.embedPassages(
      rows.map(({ text }) => text),
      signal,
    );
    const dimensions = vectors.find((vector) => vector !== null)?.length ?? 0;
    const start = positionOf(first.id);
    const block = {
      file_seq: seq,
      position: start,
      dimensions,
      vectors: quantise(vectors, dimensions),
    };
    if (dimensions > 0) await insertVectors(db, block, key);
    position = start + rows.length;
  }
  await finishVectors(db, seq, key);
}

/** Between two looks for chunks without vectors. */
const pauseMs = 30_000;

/** Failures in a row after which the endpoint is taken to be away. */
const maxFailures = 3;

/**
 * Stores vectors of all chunks that have none of the model, and continues files whose embedding was
 * interrupted; returns when the endpoint keeps failing. Until then, chunks are found by their words.
 */
export async function embedMissing(
  { db, embeddings = null }: EmbedDeps,
  signal: AbortSignal,
): Promise<void> {
  if (embeddings === null) return;
  let failures = 0;
  let after = 0;
  while (failures < maxFailures && !signal.aborted) {
    const seq = await findFileToEmbed(db, embeddings.key, after);
    if (seq === undefined) return;
    // A file that the endpoint refuses does not keep the others waiting.
    after = seq;
    try {
      await embedFile(db, embeddings, seq, signal);
      failures = 0;
    } catch (error) {
      if (!(error instanceof EmbeddingsError)) throw error;
      failures += 1;
    }
  }
}

/** Embeds chunks that have no vectors, until the signal aborts: after failures, and of a new model. */
export async function keepEmbedding(
  deps: EmbedDeps & { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  if (deps.embeddings === undefined || deps.embeddings === null) return;
  while (!signal.aborted) {
    try {
      await embedMissing(deps, signal);
    } catch (error) {
      if (signal.aborted) return;
      deps.log.error('embedding chunks failed', { error: errorMessage(error) });
    }
    await deps.clock.sleep(pauseMs, signal);
  }
}
