import type OpenAI from 'openai';

/** Tokens of a chunk, and how many of them the next one repeats. */
export type Chunking = OpenAI.StaticFileChunkingStrategy;

export type ChunkingStrategy = OpenAI.FileChunkingStrategyParam;

/** What `auto` stands for (contract §3.4). */
const defaultChunking: Chunking = { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 };

/** The sizes that a strategy stands for; none is the same as `auto`. */
export const toChunking = (strategy: ChunkingStrategy | null | undefined): Chunking =>
  strategy?.type === 'static' ? strategy.static : defaultChunking;
