import type OpenAI from 'openai';
import { defaultRanker } from '../../../schema/tool.ts';
import type { HostedCall, ModelEvent } from '../model.ts';
import type { CodeItem, RawEvent } from './generated-files.ts';

type Item = OpenAI.Responses.ResponseOutputItem;
type SearchItem = OpenAI.Responses.ResponseFileSearchToolCall;
type FileSearch = Extract<HostedCall, { type: 'file_search' }>['file_search'];
type Result = NonNullable<FileSearch['results']>[number] & { attributes: object };

/** The output items that are shown as tool calls in run steps. */
export type CallItem = CodeItem | SearchItem;

export const isCallItem = (item: Item): item is CallItem =>
  item.type === 'code_interpreter_call' || item.type === 'file_search_call';

const toResult = (result: NonNullable<SearchItem['results']>[number]): Result => ({
  file_id: result.file_id ?? '',
  file_name: result.filename ?? '',
  // Other servers have other scales.
  score: Math.min(1, Math.max(0, result.score ?? 0)),
  attributes: result.attributes ?? {},
  content: [{ type: 'text', text: result.text ?? '' }],
});

/** The ranking options of the run's file_search tool. */
export function rankingOptions(tools: readonly OpenAI.Beta.AssistantTool[]): FileSearch {
  const search = tools.find((tool) => tool.type === 'file_search')?.file_search;
  const { ranker = defaultRanker, score_threshold = 0 } = search?.ranking_options ?? {};
  return { ranking_options: { ranker, score_threshold } };
}

/** Emits one call of a hosted tool and keeps track of what has been emitted. */
export class HostedCallWriter {
  readonly type: CallItem['type'];
  readonly index: number;
  readonly id: string | undefined;
  readonly #search: FileSearch;
  #code = '';

  constructor(
    { type, index, id }: Pick<HostedCallWriter, 'type' | 'index' | 'id'>,
    tools: readonly OpenAI.Beta.AssistantTool[],
  ) {
    this.type = type;
    this.index = index;
    this.id = id;
    this.#search = rankingOptions(tools);
  }

  get startEvent(): ModelEvent {
    const call: HostedCall =
      this.type === 'code_interpreter_call'
        ? { type: 'code_interpreter', code_interpreter: { input: '', outputs: [] } }
        : { type: 'file_search', file_search: { ...this.#search, results: [] } };
    return { type: 'call_started', call };
  }

  *write(text: string): Generator<ModelEvent> {
    if (text === '') return;
    this.#code += text;
    yield { type: 'call_input', text };
  }

  /** Emits the rest of the call; `item` is absent if the server never sent it. */
  *finish(item?: CallItem): Generator<RawEvent> {
    if (this.type === 'code_interpreter_call') {
      const codeItem = item?.type === this.type ? item : undefined;
      const code = codeItem?.code ?? '';
      if (code.startsWith(this.#code)) yield* this.write(code.slice(this.#code.length));
      yield { type: 'code_done', input: this.#code, item: codeItem };
    } else {
      const searchResults = item?.type === this.type ? item.results : null;
      const results = (searchResults ?? []).map(toResult);
      const call = { type: 'file_search', file_search: { ...this.#search, results } } as const;
      yield { type: 'call_done', call };
    }
  }
}
