import {
  clearMergeCache,
  countTokens as countPiece,
  setMergeCacheSize,
} from 'gpt-tokenizer/encoding/o200k_base';

/** Tokenizers need quadratic time for text without word boundaries, so it is cut into pieces. */
const maxPieceLength = 500;

/** Text that looks like a control token counts as text, as it does at the endpoint. */
const asText = { disallowedSpecial: new Set<string>() };

/** Remembers no words: a remembered one is a slice that keeps its whole text in memory. */
export const rememberNoWords = (): void => setMergeCacheSize(0);

/** Forgets the words of a text that is done with. */
export const forgetWords = (): void => clearMergeCache();

/** The number of tokens in a text. Loads and runs slowly: only for threads and processes of their own. */
export function countTokensHere(text: string): number {
  let tokens = 0;
  for (let start = 0; start < text.length; start += maxPieceLength) {
    tokens += countPiece(text.slice(start, start + maxPieceLength), asText);
  }
  return tokens;
}
