import { Worker } from 'node:worker_threads';

/** The thread's program: next to this file, built or not. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? 'tokenizer-thread.ts' : 'tokenizer-thread.js',
  import.meta.url,
);

/** A thread that counts one text after the other. */
class TokenizerThread {
  readonly #worker = new Worker(program, { stdout: true, stderr: true });
  readonly #waiting: PromiseWithResolvers<number>[] = [];

  constructor(onFailure: () => void) {
    this.#worker.unref();
    this.#worker.on('message', (tokens: number) => {
      this.#waiting.shift()?.resolve(tokens);
      if (this.#waiting.length === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => {
      onFailure();
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  count(text: string): Promise<number> {
    const counted = Promise.withResolvers<number>();
    this.#waiting.push(counted);
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(text);
    return counted.promise;
  }
}

let thread: TokenizerThread | null = null;

/**
 * The number of tokens of a text for OpenAI's models since gpt-4o, which is close enough for others.
 * The tokenizer is large, and slow to load and to run, so it has a thread of its own, which the first
 * call starts. Call it only for threads that have more bytes than the model's window has tokens.
 */
export function countTokens(text: string): Promise<number> {
  thread ??= new TokenizerThread(() => (thread = null));
  return thread.count(text);
}
