import { ContextOverflow } from '../../models/context-window.ts';
import {
  type FunctionCall,
  type HostedCall,
  jsonFormatOf,
  ModelFailure,
  type ModelEvent,
  type ModelRequest,
  type Omissions,
  type Usage,
} from '../../models/model.ts';
import { rankingOptions } from '../../models/responses/hosted-call-writer.ts';
import type { EngineDeps } from '../../options.ts';
import {
  BudgetSpent,
  exhaustedBudget,
  outputBudget,
  promptBudget,
  type RunContext,
} from '../../prompt/context.ts';
import { sumUsage } from '../../store/turns.ts';
import type { Execution } from '../execution.ts';
import { CitedAnswer } from './cited-answer.ts';
import { resultTokens } from './result-budget.ts';
import { searchFiles, storeIds } from './search-files.ts';
import { readQueries, searchFunctionName, withSearchFunction } from './search-function.ts';
import { type AnsweredSearch, SearchHistory } from './search-history.ts';
import type { NumberedResult } from './search-output.ts';
import { explainToolRefusal } from './tool-refusal.ts';

type Finished = Extract<ModelEvent, { type: 'finished' }>;
export type CallModel = (request: ModelRequest) => AsyncIterable<readonly ModelEvent[]>;

/** Model calls of a turn after which the model must answer. */
const maxRounds = 8;

/** Searches that one model call may ask for. */
const maxSearchesPerCall = 8;

const notes = {
  noQuery: 'The call has no query. Call the function again with a query.',
  tooMany: `Not searched: at most ${maxSearchesPerCall} searches are made at once.`,
  repeated:
    'You have searched for exactly this before, and its passages are above. Answer from them, or search with other words.',
} as const;

/** What a call is answered that is not searched; null: it is. `index` counts the calls of one reply. */
function noteFor(
  queries: readonly string[],
  index: number,
  earlier: readonly NumberedResult[] | undefined,
): string | null {
  if (queries.length === 0) return notes.noQuery;
  if (index >= maxSearchesPerCall) return notes.tooMany;
  return earlier === undefined ? null : notes.repeated;
}

const toCall = (
  settings: ModelRequest['settings'],
  results: readonly NumberedResult[],
): HostedCall => ({
  type: 'file_search',
  file_search: {
    ...rankingOptions(settings.tools),
    results: results.map(({ file_id, filename, score, attributes, text }) => ({
      file_id,
      file_name: filename,
      score,
      attributes,
      content: [{ type: 'text', text }],
    })),
  },
});

/** What the model calls of a turn were not sent. */
function joinOmissions(all: readonly Omissions[]): Pick<Finished, 'omitted'> {
  if (all.length === 0) return {};
  const parameters = new Set(all.flatMap((omitted) => omitted.parameters));
  const tools = new Set(all.flatMap((omitted) => omitted.tools));
  return { omitted: { parameters: [...parameters], tools: [...tools] } };
}

/** A turn in which the engine answers the searches of the model, and calls it again. */
class SearchTurn {
  readonly #deps: EngineDeps;
  readonly #execution: Execution;
  readonly #context: RunContext;
  readonly #history: SearchHistory;
  readonly #name: string;
  readonly #finished: Finished[] = [];

  constructor(deps: EngineDeps, execution: Execution, context: RunContext, name: string) {
    this.#deps = deps;
    this.#execution = execution;
    this.#context = context;
    this.#history = new SearchHistory(context.turns, deps.ids.newId('passage-'));
    this.#name = name;
  }

  async *respond(asked: ModelRequest, call: CallModel): AsyncGenerator<readonly ModelEvent[]> {
    const hasStores = storeIds(asked.settings).length > 0;
    let request = withSearchFunction(asked, hasStores ? this.#name : null);
    for (let round = 1; ; round += 1) {
      const last = yield* this.#call(request, call);
      if (last === null) return;
      this.#finished.push(last);
      const isComplete = last.end === 'stop' || last.end === 'other';
      const searches = last.calls.filter(({ name }) => isComplete && name === this.#name);
      if (searches.length === 0) {
        yield [this.#finish(last, [...this.#history.items(), ...last.items], last.calls)];
        return;
      }
      if (request.settings.tool_choice === 'none' || round > maxRounds) throw this.#endless();
      const hasNew = yield* this.#answer(asked, last, searches);
      const others = last.calls.filter((other) => !searches.includes(other));
      if (others.length > 0) {
        yield [this.#finish(last, this.#history.items(), others)];
        return;
      }
      request = this.#next(request, last.usage, hasNew && round < maxRounds);
    }
  }

  /** The failure of a model that searches without end. */
  #endless(): ModelFailure {
    const count = this.#finished.length;
    return new ModelFailure(
      'server_error',
      `The model searched the files in ${count} calls in a row and did not answer.`,
    );
  }

  /** One model call; resolves to its end. Sends less of the results if the prompt is too long. */
  async *#call(
    request: ModelRequest,
    call: CallModel,
  ): AsyncGenerator<readonly ModelEvent[], Finished | null> {
    const { windows, log } = this.#deps;
    const { sources } = this.#history;
    const answer = new CitedAnswer({ sources, isJson: jsonFormatOf(request) !== null });
    for (let hasStarted = false; ;) {
      try {
        const turns = [...request.turns, ...this.#history.pastCalls()];
        for await (const batch of call({ ...request, turns })) {
          hasStarted = true;
          const finished = batch.find((event) => event.type === 'finished');
          const shown = batch.filter((event) => event !== finished);
          if (shown.length > 0) yield [...answer.readAll(shown)];
          if (finished !== undefined) return finished;
        }
        return null;
      } catch (error) {
        if (hasStarted) throw error;
        const isTooLong = error instanceof ContextOverflow && this.#history.halve();
        if (!isTooLong) throw explainToolRefusal(error, request);
        const { model } = request.settings;
        if (error.windowTokens !== null) windows.learn(model, error.windowTokens);
        log.info('search results shortened', { run_id: this.#execution.run.id, model });
      }
    }
  }

  /** Makes the searches; resolves to whether there was a new one among them. */
  async *#answer(
    { settings }: ModelRequest,
    { items, usage }: Finished,
    calls: readonly FunctionCall[],
  ): AsyncGenerator<readonly ModelEvent[], boolean> {
    const used = this.#used();
    const tokens = resultTokens(settings, this.#deps.windows, { call: usage, used });
    const maxTokens = Math.floor(tokens / Math.min(calls.length, maxSearchesPerCall));
    const searches: AnsweredSearch[] = [];
    let hasNew = false;
    for (const [index, call] of calls.entries()) {
      yield [{ type: 'call_started', call: toCall(settings, []) }, this.#soFar(items)];
      const queries = readQueries(call.arguments);
      const earlier = this.#history.found(queries);
      const note = noteFor(queries, index, earlier);
      if (note !== null) {
        searches.push({ call, results: [], note, omitted: 0, maxTokens });
        yield [{ type: 'call_done', call: toCall(settings, earlier ?? []) }];
        continue;
      }
      const found = await searchFiles(this.#deps, this.#execution, queries);
      const results = this.#history.number(queries, found, maxTokens);
      const omitted = found.length - results.length;
      searches.push({ call, results, note, omitted, maxTokens });
      hasNew = true;
      yield [{ type: 'call_done', call: toCall(settings, results) }];
    }
    this.#history.add({ items, searches });
    return hasNew;
  }

  /** Tokens of the run, with this turn's. */
  #used(): Usage {
    return sumUsage([this.#context.usedTokens, ...this.#finished.map(({ usage }) => usage)]);
  }

  #soFar(items: readonly unknown[]): ModelEvent {
    const usage = sumUsage(this.#finished.map((finished) => finished.usage));
    return { type: 'turn_so_far', items: [...this.#history.items(), ...items], usage };
  }

  /** The next request; throws {@link BudgetSpent} if the run has no tokens left for it. */
  #next(request: ModelRequest, { prompt_tokens }: Usage, maySearch: boolean): ModelRequest {
    const { settings } = request;
    const used = this.#used();
    const isTooLong = promptBudget(settings, used) < prompt_tokens;
    const budget = isTooLong ? 'max_prompt_tokens' : exhaustedBudget(settings, used);
    if (budget !== null) throw new BudgetSpent(budget);
    return {
      ...request,
      maxOutputTokens: outputBudget(settings, used),
      settings: { ...settings, tool_choice: maySearch ? settings.tool_choice : 'none' },
    };
  }

  #finish(last: Finished, items: readonly unknown[], calls: readonly FunctionCall[]): Finished {
    const omissions = this.#finished.flatMap(({ omitted }) => omitted ?? []);
    const usage = sumUsage(this.#finished.map((finished) => finished.usage));
    return { ...last, items, calls, usage, ...joinOmissions(omissions) };
  }
}

/**
 * A model call of a run whose files the engine searches: the model is offered a function, whose calls
 * the engine answers before it calls the model again, in the same turn. Clients see the searches as
 * `file_search` calls, and the marks in the model's text as citations.
 */
export function respondWithSearch(
  deps: EngineDeps,
  execution: Execution,
  context: RunContext,
  request: ModelRequest,
  call: CallModel,
): AsyncGenerator<readonly ModelEvent[]> {
  const turn = new SearchTurn(deps, execution, context, searchFunctionName(request));
  return turn.respond(request, call);
}
