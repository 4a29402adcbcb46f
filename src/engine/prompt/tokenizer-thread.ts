// The program of the thread that tokenizer.ts starts: answers each text with its number of tokens.
import { parentPort } from 'node:worker_threads';
import { countTokensHere, rememberNoWords } from './tokens.ts';

rememberNoWords();

parentPort?.on('message', (text: string) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(countTokensHere(text));
});
