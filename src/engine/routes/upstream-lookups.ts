import type OpenAI from 'openai';
import type { NewVectorStore } from '../models/endpoint-files.ts';
import type { EngineOptions } from '../options.ts';
import { isConnectionLoss } from '../store/errors.ts';

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
class LookupNeeded extends Error {
  override readonly name = 'Missing';
  readonly ask: () => Promise<void>;

  constructor(ask: () => Promise<void>) {
    super('The model endpoint has to be asked first.');
    this.ask = ask;
  }
}

/** What one change needs of the model endpoint, asked between its attempts. */
export class UpstreamLookups {
  readonly #deps: Parts;
  readonly #refusals = new Map<string, string | null>();
  readonly #stores = new Map<string, string | null>();
  /** Vector stores: those that were made, and of these the ones that the last attempt has used. */
  readonly #made = new Set<string>();
  readonly #used = new Set<string>();

  constructor(deps: Parts) {
    this.#deps = deps;
  }

  /** Why runs cannot have these tools, in one sentence; null when they can. */
  unsupportedTools(tools: Tools): string | null {
    if (tools.every(({ type }) => type === 'function')) return null;
    const types = JSON.stringify(tools.map(({ type }) => type));
    return this.#need(this.#refusals, types, () => this.#deps.model.unsupportedTools(tools));
  }

  /**
   * The id of a vector store that holds the files: the given one, or else a new one, which is deleted
   * again if the change does not come to use it. Null where there are none.
   */
  ensureVectorStore(store: NewVectorStore, given?: string): string | null {
    if (this.unsupportedTools([{ type: 'file_search' }]) !== null) return null;
    const id = this.#need(this.#stores, JSON.stringify([given, store]), async () => {
      const { files } = this.#deps;
      if (files === null) return null;
      if (given === undefined) return this.#note(await files.createVectorStore(store));
      const holder = await files.addToVectorStore(given, store);
      return holder === given ? holder : this.#note(holder);
    });
    if (id !== null) this.#used.add(id);
    return id;
  }

  async attempt<T>(change: (lookups: UpstreamLookups) => Promise<T>): Promise<T> {
    for (;;) {
      this.#used.clear();
      try {
        return await change(this);
      } catch (error) {
        // Nobody knows whether a commit happened that was not answered.
        if (!isConnectionLoss(error)) this.#used.clear();
        if (!(error instanceof LookupNeeded)) throw error;
        await error.ask();
      }
    }
  }

  /** Deletes the stores that were made for nothing. */
  async deleteUnusedStores(): Promise<void> {
    const { files, log } = this.#deps;
    for (const id of this.#made) {
      if (this.#used.has(id)) continue;
      await files?.deleteVectorStore(id).catch(({ message }: Error) => {
        log.warn('vector store left over', { id, error: message });
      });
    }
  }

  #note(made: string | null): string | null {
    if (made !== null) this.#made.add(made);
    return made;
  }

  #need<T>(answers: Map<string, T>, key: string, ask: () => Promise<T>): T {
    const answer = answers.get(key);
    if (answer !== undefined) return answer;
    throw new LookupNeeded(async () => void answers.set(key, await ask()));
  }
}

/** Makes a change that may need the model endpoint; `change` is made again for each of its answers. */
export async function withUpstreamLookups<T>(
  deps: Parts,
  change: (lookups: UpstreamLookups) => Promise<T>,
): Promise<T> {
  const lookups = new UpstreamLookups(deps);
  try {
    return await lookups.attempt(change);
  } finally {
    await lookups.deleteUnusedStores();
  }
}
