import { fieldOf } from '../../../shared/json.ts';
import type { FunctionCall, PastTurn } from '../../models/model.ts';
import { isSearchOutputs, type SearchOutputs } from '../../models/past-turns.ts';
import type { SearchResult } from '../../models/vector-search.ts';
import { type Source, Sources } from './marks.ts';
import { fitResults, type NumberedResult, writeOutput } from './search-output.ts';

/** A search of the model with what it is shown. */
export interface AnsweredSearch {
  readonly call: FunctionCall;
  readonly results: readonly NumberedResult[];
  /** The output in the place of results. */
  readonly note: string | null;
  /** Results that did not fit. */
  readonly omitted: number;
  /** Of the results. */
  readonly maxTokens: number;
}

/** A model call of the turn whose searches have been answered. */
interface AnsweredCall {
  readonly items: readonly unknown[];
  readonly searches: readonly AnsweredSearch[];
}

const isSource = (value: unknown): value is Source =>
  Number.isInteger(fieldOf(value, 'number')) &&
  ['position', 'file_id', 'filename'].every((name) => typeof fieldOf(value, name) === 'string');

const sourcesIn = ({ items }: PastTurn): Source[] =>
  items.filter(isSearchOutputs).flatMap(({ sources }) => sources.filter(isSource));

const toSource = ({ number, position, file_id, filename }: NumberedResult): Source => ({
  number,
  position,
  file_id,
  filename,
});

/** The searches of a run, numbered over all its turns, so that each mark means one result. */
export class SearchHistory {
  readonly sources = new Sources();
  readonly #boundary: string;
  readonly #answered: AnsweredCall[] = [];
  readonly #earlier = new Map<string, readonly NumberedResult[]>();
  #searchCount = 0;
  /** Of the results' tokens that the model is shown. */
  #share = 1;

  /** `turns` are the run's earlier ones; nobody can guess the word `boundary`. */
  constructor(turns: readonly PastTurn[], boundary: string) {
    this.#boundary = boundary;
    for (const source of turns.flatMap(sourcesIn)) {
      this.sources.add(source);
      this.#searchCount = Math.max(this.#searchCount, Number.parseInt(source.position, 10) + 1);
    }
  }

  /** The results of an earlier search of this turn for the same; undefined: there was none. */
  found(queries: readonly string[]): readonly NumberedResult[] | undefined {
    return this.#earlier.get(JSON.stringify(queries));
  }

  /** Numbers the results of a search, as many as `maxTokens` allow. */
  number(
    queries: readonly string[],
    found: readonly SearchResult[],
    maxTokens: number,
  ): readonly NumberedResult[] {
    const search = this.#searchCount;
    this.#searchCount += 1;
    const results = fitResults(found, maxTokens).map((result, index) => {
      const source = {
        number: this.sources.count + 1,
        position: `${search}:${index}`,
        file_id: result.file_id,
        filename: result.filename,
      };
      this.sources.add(source);
      this.sources.noteText(result.text);
      return { ...result, ...source };
    });
    this.#earlier.set(JSON.stringify(queries), results);
    return results;
  }

  add(call: AnsweredCall): void {
    this.#answered.push(call);
  }

  /** Shows half as much of the results from now on; false: there is nothing left to halve. */
  halve(): boolean {
    this.#share /= 2;
    const hasResults = this.#answered.some(({ searches }) =>
      searches.some(({ results }) => results.length > 0),
    );
    return hasResults && this.#share >= 1 / 64;
  }

  /** The turn's model calls so far, as the next call continues them. */
  pastCalls(): PastTurn[] {
    return this.#answered.map(({ items, searches }) => ({
      items,
      outputs: searches.map((search) => this.#output(search)),
    }));
  }

  /** The items of the turn so far, with the outputs of the searches. */
  items(): unknown[] {
    return this.#answered.flatMap(({ items, searches }) => {
      const outputs: SearchOutputs = {
        search_outputs: searches.map((search) => this.#output(search)),
        sources: searches.flatMap(({ results }) => results.map(toSource)),
      };
      return [...items, outputs];
    });
  }

  #output({ call, results, note, omitted, maxTokens }: AnsweredSearch) {
    const shown = fitResults(results, Math.floor(maxTokens * this.#share));
    const left = omitted + results.length - shown.length;
    const output = note ?? writeOutput(shown, { boundary: this.#boundary, omitted: left });
    return { tool_call_id: call.id, output };
  }
}
