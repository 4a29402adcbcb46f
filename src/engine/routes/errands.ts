import type OpenAI from 'openai';
import type { NewVectorStore } from '../models/files.ts';
import type { EngineOptions } from '../options.ts';

/*
 * Some changes need an answer of the model endpoint: which tools it has, a vector store made there.
 * It is never asked within a transaction, where all others would wait for it. So a change is
 * attempted; what turns out to be missing ends the attempt, is asked for, and the change is
 * attempted again with the answer at hand. By then all that could be refused has been checked once,
 * and whatever has changed meanwhile is seen.
 */

type Parts = Pick<EngineOptions, 'model' | 'files' | 'log'>;
type Tools = readonly OpenAI.Beta.AssistantTool[];

/** Ends an attempt, whose transaction is undone. */
class Missing extends Error {
  override readonly name = 'Missing';
  readonly ask: () => Promise<void>;

  constructor(ask: () => Promise<void>) {
    super('The model endpoint has to be asked first.');
    this.ask = ask;
  }
}

/** What one change needs of the model endpoint, asked between its attempts. */
export class Errands {
  readonly #parts: Parts;
  readonly #refusals = new Map<string, string | null>();
  readonly #stores = new Map<string, string | null>();
  readonly #added = new Map<string, true>();
  readonly #used = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Why runs cannot have these tools, in one sentence; null when they can. */
  refusal(tools: Tools): string | null {
    if (tools.every(({ type }) => type === 'function')) return null;
    const types = JSON.stringify(tools.map(({ type }) => type));
    return this.#need(this.#refusals, types, () => this.#parts.model.refusal(tools));
  }

  /**
   * The id of a new vector store, which is deleted again if the change does not come to use it; null
   * where there are none.
   */
  createStore(store: NewVectorStore): string | null {
    if (this.refusal([{ type: 'file_search' }]) !== null) return null;
    const create = () => this.#files().createVectorStore(store);
    const id = this.#need(this.#stores, JSON.stringify(store), create);
    if (id !== null) this.#used.add(id);
    return id;
  }

  /** Adds files to a vector store, where they stay. */
  addToStore(store_id: string, file_ids: readonly string[]): void {
    this.#need(this.#added, JSON.stringify([store_id, file_ids]), async () => {
      await this.#files().addToVectorStore(store_id, file_ids);
      return true;
    });
  }

  async attempt<T>(change: (errands: Errands) => Promise<T>): Promise<T> {
    for (;;) {
      this.#used.clear();
      try {
        return await change(this);
      } catch (error) {
        this.#used.clear();
        if (!(error instanceof Missing)) throw error;
        await error.ask();
      }
    }
  }

  /** Deletes the stores that were made for nothing. */
  async tidy(): Promise<void> {
    for (const id of this.#stores.values()) {
      if (id === null || this.#used.has(id)) continue;
      await this.#files()
        .deleteVectorStore(id)
        .catch(({ message }: Error) =>
          this.#parts.log.warn('vector store left over', { id, error: message }),
        );
    }
  }

  #files() {
    const { files } = this.#parts;
    if (files === null) throw new Error('a model without files has no vector stores');
    return files;
  }

  #need<T>(answers: Map<string, T>, key: string, ask: () => Promise<T>): T {
    const answer = answers.get(key);
    if (answer !== undefined) return answer;
    throw new Missing(async () => void answers.set(key, await ask()));
  }
}

/** Makes a change that may need the model endpoint; `change` is made again for each of its answers. */
export async function withErrands<T>(
  parts: Parts,
  change: (errands: Errands) => Promise<T>,
): Promise<T> {
  const errands = new Errands(parts);
  try {
    return await errands.attempt(change);
  } finally {
    await errands.tidy();
  }
}
