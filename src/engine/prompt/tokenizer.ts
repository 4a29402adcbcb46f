import { startThread } from '../../shared/thread.ts';

/** A thread that counts one text after the other. */
class TokenizerThread {
  readonly #worker = startThread('tokenizer-thread', import.meta.url);
  readonly #waiting: PromiseWithResolvers<number>[] = [];

  constructor(onFailure: () => void) {
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
