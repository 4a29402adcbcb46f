import { byScore, type RankedChunk } from './lexical-search.ts';

/** How slowly a rank loses weight (reciprocal rank fusion). */
const k = 60;

/** How much each of the two rankings counts. */
export interface FusionWeights {
  readonly words: number;
  readonly vectors: number;
}

/** Ranks chunks by their places in two rankings. The first in both has the score 1. */
export function fuseRankings(
  words: readonly RankedChunk[],
  vectors: readonly RankedChunk[],
  weights: FusionWeights = { words: 1, vectors: 1 },
): RankedChunk[] {
  const highest = (weights.words + weights.vectors) / (k + 1);
  const scores = new Map<number, number>();
  for (const [ranking, weight] of [
    [words, weights.words],
    [vectors, weights.vectors],
  ] as const) {
    for (const [index, { id }] of ranking.entries()) {
      scores.set(id, (scores.get(id) ?? 0) + weight / (k + index + 1) / highest);
    }
  }
  return [...scores]
    .map(([id, score]) => ({ id, score: Math.min(score, 1) }))
    .filter(({ score }) => score > 0)
    .toSorted(byScore);
}
