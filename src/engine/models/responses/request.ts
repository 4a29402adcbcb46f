import type OpenAI from 'openai';
import type { ToolResources } from '../../store/schema.ts';
import { acceptedCallId, acceptedOutput } from '../adapted-turn.ts';
import type { Dialect } from '../dialect.ts';
import type { ModelRequest } from '../model.ts';
import { functionParameters, jsonReminder } from '../past-turns.ts';
import {
  completeItem,
  type InputItem,
  replayTurn,
  type Target,
  toInputMessage,
} from './input-items.ts';

type Params = OpenAI.Responses.ResponseCreateParams;
type Tool = OpenAI.Responses.Tool;
type ToolChoice = NonNullable<Params['tool_choice']>;
type FunctionDefinition = OpenAI.FunctionDefinition;

/** A function call or output of an earlier turn as the model accepts it. */
function adaptItem(item: InputItem, dialect: Dialect): InputItem {
  if (item.type === 'function_call') {
    return { ...item, call_id: acceptedCallId(item.call_id, dialect) };
  }
  if (item.type !== 'function_call_output' || !item.call_id) return item;
  const { call_id, output } = item;
  return {
    ...item,
    call_id: acceptedCallId(call_id, dialect),
    output: typeof output === 'string' ? acceptedOutput(output, dialect) : output,
  };
}

function toInput(
  { settings, messages, turns }: ModelRequest,
  dialect: Dialect,
  target: Target,
): InputItem[] {
  const past = turns
    .flatMap((turn) => replayTurn(turn, target.origin))
    .map((item) => adaptItem(item, dialect));
  const input = [...messages.flatMap(toInputMessage), ...past];
  const remindsInInput = dialect.jsonReminderIn === 'input';
  // OpenAI looks for the word JSON in the input only, not in the instructions.
  const texts = remindsInInput ? jsonReminder(settings, input) : [];
  // An empty input is rejected: in an empty thread, the instructions become the input.
  if (input.length + texts.length === 0) texts.push(settings.instructions ?? '');
  // Chat templates refuse a late developer message, and a conversation without a user's.
  const role = remindsInInput ? 'developer' : 'user';
  const all = [...input, ...texts.map((content) => ({ role, content }) as const)];
  return target.isOpenAI ? all : all.map(completeItem);
}

function toFunction(definition: FunctionDefinition, { omitted }: Dialect): Tool {
  const { name, description, strict } = definition;
  const tool = {
    type: 'function' as const,
    name,
    ...(description === undefined ? {} : { description }),
    parameters: functionParameters(definition),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's type requires `strict`
  if (omitted.includes('strict')) return tool as Tool;
  // OpenAI defaults to true, which rejects ordinary schemas.
  return { ...tool, strict: strict ?? false };
}

type Ranking = NonNullable<OpenAI.Beta.FileSearchTool.FileSearch['ranking_options']>;

/** The defaults of the Assistants API are not sent; its only ranker is called `auto` upstream. */
const toRanking = ({ score_threshold }: Ranking) =>
  score_threshold === 0 ? {} : { ranking_options: { ranker: 'auto' as const, score_threshold } };

function toFileSearch(
  { file_search = {} }: OpenAI.Beta.FileSearchTool,
  { file_search: stores }: ToolResources,
): Tool[] {
  const { max_num_results, ranking_options } = file_search;
  const vector_store_ids = stores?.vector_store_ids ?? [];
  // Upstream rejects an empty list.
  if (vector_store_ids.length === 0) return [];
  return [
    {
      type: 'file_search',
      vector_store_ids,
      ...(max_num_results === undefined ? {} : { max_num_results }),
      ...(ranking_options === undefined ? {} : toRanking(ranking_options)),
    },
  ];
}

/** One tool for each store, for endpoints that accept only one store per tool. */
const splitSearchTool = (tool: Tool): Tool[] =>
  tool.type === 'file_search'
    ? tool.vector_store_ids.map((id) => ({ ...tool, vector_store_ids: [id] }))
    : [tool];

function toCodeInterpreter({ container, settings }: ModelRequest): Tool {
  const file_ids = settings.tool_resources.code_interpreter?.file_ids ?? [];
  return { type: 'code_interpreter', container: container ?? { type: 'auto', file_ids } };
}

function toTool(tool: OpenAI.Beta.AssistantTool, request: ModelRequest, dialect: Dialect): Tool[] {
  if (tool.type === 'function') return [toFunction(tool.function, dialect)];
  // The endpoint may not support the tool.
  if (request.settings.tool_choice === 'none') return [];
  if (tool.type === 'code_interpreter') return [toCodeInterpreter(request)];
  return toFileSearch(tool, request.settings.tool_resources);
}

/**
 * A forced choice applies only to the first call of a run, which else would call tools forever. Null:
 * the default, which some servers accept only unnamed.
 */
function toToolChoice(
  { settings, turns }: ModelRequest,
  tools: readonly Tool[],
): ToolChoice | null {
  const { tool_choice } = settings;
  if (tool_choice === 'none') return tool_choice;
  if (tool_choice === 'auto' || turns.length > 0) return null;
  if (tool_choice === 'required') return tool_choice;
  const { type, function: chosen } = tool_choice;
  if (type !== 'function') return tools.some((tool) => tool.type === type) ? { type } : null;
  return chosen === undefined ? 'required' : { type, name: chosen.name };
}

/** Tool details that upstream sends only on request. */
const includeFor: Partial<Record<Tool['type'], OpenAI.Responses.ResponseIncludable>> = {
  file_search: 'file_search_call.results',
  code_interpreter: 'code_interpreter_call.outputs',
};

function toToolParams(request: ModelRequest, dialect: Dialect): Partial<Params> {
  const tools = request.settings.tools.flatMap((tool) => toTool(tool, request, dialect));
  if (tools.length === 0) return {};
  const tool_choice = toToolChoice(request, tools);
  const isParallel = request.settings.parallel_tool_calls;
  return {
    tools: dialect.splitsSearchTools ? tools.flatMap(splitSearchTool) : tools,
    ...(tool_choice === null ? {} : { tool_choice }),
    ...(isParallel ? {} : { parallel_tool_calls: false }),
  };
}

function toInclude(
  tools: readonly Tool[],
  { omitted, sendsEncryptedReasoning }: Dialect,
): Pick<Params, 'include'> {
  if (omitted.includes('include')) return {};
  const include = new Set(tools.flatMap(({ type }) => includeFor[type] ?? []));
  if (sendsEncryptedReasoning) include.add('reasoning.encrypted_content');
  return include.size === 0 ? {} : { include: [...include] };
}

function toText({ settings }: ModelRequest): Partial<Params> {
  const { response_format } = settings;
  if (typeof response_format === 'string') return {};
  if (response_format.type !== 'json_schema') return { text: { format: response_format } };
  const { name, description, schema = {}, strict } = response_format.json_schema;
  return {
    text: {
      format: {
        type: 'json_schema',
        name,
        schema,
        ...(description === undefined ? {} : { description }),
        ...(strict === undefined ? {} : { strict }),
      },
    },
  };
}

/**
 * Maps a model call to the parameters of the Responses API (contract §8.1 to §8.4); unset values are
 * omitted, and the request must have been adapted to the dialect. `target` is where the call goes.
 */
export function toResponseParams(request: ModelRequest, dialect: Dialect, target: Target): Params {
  const { settings, messages, turns, maxOutputTokens } = request;
  const { model, instructions, temperature, top_p, reasoning_effort } = settings;
  const hasInput = messages.length > 0 || turns.length > 0;
  const toolParams = toToolParams(request, dialect);
  return {
    model,
    input: toInput(request, dialect, target),
    ...(dialect.omitted.includes('store') ? {} : { store: false }),
    stream: !dialect.omitted.includes('stream'),
    ...(instructions === null || !hasInput ? {} : { instructions }),
    ...toolParams,
    ...toInclude(toolParams.tools ?? [], dialect),
    ...toText(request),
    ...(temperature === null ? {} : { temperature }),
    ...(top_p === null ? {} : { top_p }),
    ...(reasoning_effort === null ? {} : { reasoning: { effort: reasoning_effort } }),
    ...(maxOutputTokens === null ? {} : { max_output_tokens: maxOutputTokens }),
  };
}
