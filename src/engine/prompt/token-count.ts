import type { ContextMessage, MessageContent, PastTurn } from '../models/model.ts';
import type { RunSettings } from '../store/schema.ts';

/* How much of the model's window a model call needs, in the unit of `count`: tokens or bytes. */

/** The markup around each message. */
const tokensPerMessage = 4;

const defaultSearchChunks = 20;
const tokensPerChunk = 800;

const lowDetailImageTokens = 85;
const maxImageTokens = 1500;

const imageTokens = (detail: 'auto' | 'low' | 'high' | undefined): number =>
  detail === 'low' ? lowDetailImageTokens : maxImageTokens;

function partTokens(part: MessageContent, count: CountTokens): number | Promise<number> {
  switch (part.type) {
    case 'text':
      return count(part.text.value);
    case 'refusal':
      return count(part.refusal);
    case 'image_url':
      return imageTokens(part.image_url.detail);
    case 'image_file':
      return imageTokens(part.image_file.detail);
  }
}

async function sumOf<Item>(
  items: readonly Item[],
  cost: (item: Item) => number | Promise<number>,
): Promise<number> {
  let total = 0;
  for (const item of items) total += await cost(item);
  return total;
}

export const messageTokens = async (
  { content }: ContextMessage,
  count: CountTokens,
): Promise<number> => tokensPerMessage + (await sumOf(content, (part) => partTokens(part, count)));

/** Replaces encrypted reasoning and images, whose length says nothing about their tokens. */
const omitOpaque = (key: string, value: unknown): unknown =>
  key === 'encrypted_content' || (typeof value === 'string' && value.startsWith('data:'))
    ? ''
    : value;

const turnTokens = ({ items, outputs }: PastTurn, count: CountTokens) =>
  count(JSON.stringify([items, outputs], omitOpaque));

/** The prompt without its messages: instructions, tools, response format, and the run's turns. */
export async function fixedTokens(
  { instructions, tools, response_format }: RunSettings,
  turns: readonly PastTurn[],
  count: CountTokens,
): Promise<number> {
  const format = typeof response_format === 'string' ? '' : JSON.stringify(response_format);
  const texts = [instructions ?? '', format, ...tools.map((tool) => JSON.stringify(tool))];
  const nonEmpty = texts.filter((text) => text !== '');
  return (
    tokensPerMessage * (1 + nonEmpty.length) +
    (await sumOf(nonEmpty, count)) +
    (await sumOf(turns, (turn) => turnTokens(turn, count)))
  );
}

/** The most that a file search adds to the prompt. */
export function searchTokens({ tools }: RunSettings): number {
  const search = tools.find((tool) => tool.type === 'file_search');
  if (search === undefined) return 0;
  return (search.file_search?.max_num_results ?? defaultSearchChunks) * tokensPerChunk;
}

/** The number of tokens in a text, or an upper bound. */
export type CountTokens = (text: string) => number | Promise<number>;

/** An upper bound that needs no tokenizer: a token is at least one byte. */
export const countBytes = (text: string): number => Buffer.byteLength(text);
