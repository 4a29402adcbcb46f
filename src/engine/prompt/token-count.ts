import { baseModelName } from '../models/context-window.ts';
import type { ContextMessage, MessageContent, PastTurn } from '../models/model.ts';
import type { RunSettings } from '../store/schema.ts';

/* How much of the model's window a model call needs, in the unit of `count`: tokens or bytes. */

/** The markup around each message. */
const tokensPerMessage = 4;

/** The results of a file search that names no number (contract §3.3). */
const [defaultResults, oldDefaultResults] = [20, 5];
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

/** The prompt without its messages. */
export interface FixedTexts {
  /** Instructions, tools, response format. */
  readonly settings: readonly string[];
  /** The run's turns. */
  readonly turns: readonly string[];
}

/** Writes what every prompt of a model call has, which may be long. */
export function fixedTexts(
  { instructions, tools, response_format }: RunSettings,
  turns: readonly PastTurn[],
): FixedTexts {
  const format = typeof response_format === 'string' ? '' : JSON.stringify(response_format);
  const settings = [instructions ?? '', format, ...tools.map((tool) => JSON.stringify(tool))];
  return {
    settings: settings.filter((text) => text !== ''),
    turns: turns.map(({ items, outputs }) => JSON.stringify([items, outputs], omitOpaque)),
  };
}

/** The tokens of a prompt without its messages. */
export const fixedTokens = async (
  { settings, turns }: FixedTexts,
  count: CountTokens,
): Promise<number> =>
  tokensPerMessage * (1 + settings.length) +
  (await sumOf(settings, count)) +
  (await sumOf(turns, count));

/** The most results that a file search of the run has. */
export function maxSearchResults({ tools, model }: Pick<RunSettings, 'tools' | 'model'>): number {
  const search = tools.find((tool) => tool.type === 'file_search')?.file_search;
  const isOld = /^gpt-3\.?5/u.test(baseModelName(model));
  return search?.max_num_results ?? (isOld ? oldDefaultResults : defaultResults);
}

/** The most that a file search adds to the prompt. */
export const searchTokens = (settings: RunSettings): number =>
  settings.tools.some(({ type }) => type === 'file_search')
    ? maxSearchResults(settings) * tokensPerChunk
    : 0;

/** The number of tokens in a text, or an upper bound. */
export type CountTokens = (text: string) => number | Promise<number>;

/** An upper bound that needs no tokenizer: a token is at least one byte. */
export const countBytes = (text: string): number => Buffer.byteLength(text);
