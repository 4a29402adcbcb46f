import type { ContextMessage, MessageContent, PastTurn } from '../models/model.ts';
import type { RunSettings } from '../store/schema.ts';

/* What a model call takes of the model's window, in whatever `count` counts. */

/** What marks a message as one, and whose it is. */
const perMessage = 4;

/** What each file search may add to the prompt unless told otherwise: chunks, and tokens of one. */
const chunks = 20;
const perChunk = 800;

/** An image in few tokens, and one as large as they get. */
const smallImage = 85;
const largeImage = 1500;

const imageTokens = (detail: 'auto' | 'low' | 'high' | undefined): number =>
  detail === 'low' ? smallImage : largeImage;

function partTokens(part: MessageContent, count: CountTokens): number {
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

const sum = (costs: readonly number[]): number => costs.reduce((total, cost) => total + cost, 0);

export const messageTokens = ({ content }: ContextMessage, count: CountTokens): number =>
  perMessage + sum(content.map((part) => partTokens(part, count)));

/** Encrypted reasoning and images are no text: nothing of them is counted by its letters. */
const readable = (key: string, value: unknown): unknown =>
  key === 'encrypted_content' || (typeof value === 'string' && value.startsWith('data:'))
    ? ''
    : value;

/** A call that was made before in this run, as it is sent again. */
const turnTokens = ({ items, outputs }: PastTurn, count: CountTokens): number =>
  count(JSON.stringify([items, outputs], readable));

/** What goes along with the messages: instructions, tools, the format, and the run's own turns. */
export function fixedTokens(
  { instructions, tools, response_format }: RunSettings,
  turns: readonly PastTurn[],
  count: CountTokens,
): number {
  const format = typeof response_format === 'string' ? '' : JSON.stringify(response_format);
  const told = [instructions ?? '', format, ...tools.map((tool) => JSON.stringify(tool))];
  const costs = told.map((text) => (text === '' ? 0 : perMessage + count(text)));
  return perMessage + sum([...costs, ...turns.map((turn) => turnTokens(turn, count))]);
}

/** What searches of files may bring into the prompt. */
export function searchTokens({ tools }: RunSettings): number {
  const search = tools.find((tool) => tool.type === 'file_search');
  if (search === undefined) return 0;
  return (search.file_search?.max_num_results ?? chunks) * perChunk;
}

/** How many tokens a text takes. */
export type CountTokens = (text: string) => number;
/** Tokenizers go quadratically over what has no word boundaries, so none gets more than this at once. */
const pieceLength = 500;

/** The most that a text can take: a token is at least one byte. */
export const countBytes: CountTokens = (text) => Buffer.byteLength(text);
/**
 * Loads the tokenizer of OpenAI's models since gpt-4o, which is near enough to those of others. It
 * is large: nobody needs it whose thread has fewer bytes than the model's window has tokens.
 */
export async function loadTokenizer(): Promise<CountTokens> {
  const { countTokens, setMergeCacheSize } = await import('gpt-tokenizer/encoding/o200k_base');
  // The cache would keep the words of every message, and with a word its whole message.
  setMergeCacheSize(0);
  // What looks like a control token is text here, as it is to the endpoint.
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => {
    let tokens = 0;
    for (let start = 0; start < text.length; start += pieceLength) {
      tokens += countTokens(text.slice(start, start + pieceLength), asText);
    }
    return tokens;
  };
}
