// The program of the thread that tokenizer.ts starts: answers each text with its number of tokens.
import { parentPort } from 'node:worker_threads';
import { countTokens, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base';

/** Tokenizers need quadratic time for text without word boundaries, so it is cut into pieces. */
const maxPieceLength = 500;

/** Text that looks like a control token counts as text, as it does at the endpoint. */
const asText = { disallowedSpecial: new Set<string>() };

// A cached word is a slice that would keep its whole message in memory.
setMergeCacheSize(0);

function count(text: string): number {
  let tokens = 0;
  for (let start = 0; start < text.length; start += maxPieceLength) {
    tokens += countTokens(text.slice(start, start + maxPieceLength), asText);
  }
  return tokens;
}

parentPort?.on('message', (text: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(count(text));
});
