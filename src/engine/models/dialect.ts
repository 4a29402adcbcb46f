import type OpenAI from 'openai';
import { hostedTools, type HostedTool, type ModelRequest, type Omissions } from './model.ts';
import type { RunSettings } from '../store/schema.ts';
import { jsonReminder } from './past-turns.ts';
import { withoutKeywords } from './schema-keywords.ts';

type JsonFormat = 'json_schema' | 'json_object';

/** A setting of a run, or what the engine adds to a request, that a model may refuse. */
export type Omittable =
  | 'temperature'
  | 'top_p'
  | 'parallel_tool_calls'
  | 'reasoning_effort'
  | 'max_completion_tokens'
  | 'strict'
  | 'stream'
  | 'stream_options'
  | 'store'
  | 'include';

/** What requests to one model of one endpoint consist of (contract §9). */
export interface Dialect {
  /** Left out of every request. */
  readonly omitted: readonly Omittable[];
  /** Whether `top_p` is left out beside `temperature`. */
  readonly omitsTopPBesideTemperature: boolean;
  /** Hosted tools that are left out of every request. */
  readonly omittedTools: readonly HostedTool[];
  /** The strongest `tool_choice` that is accepted. */
  readonly toolChoice: 'named' | 'required' | 'auto';
  /** Whether functions that may not be called are offered, with `tool_choice` `none`. */
  readonly acceptsNone: boolean;
  readonly refusedFormats: readonly JsonFormat[];
  /** Refused only in a request with functions. */
  readonly refusedFormatsWithTools: readonly JsonFormat[];
  /** Where the word JSON has to be in JSON mode. */
  readonly jsonReminderIn: 'input' | 'instructions';
  /** Chat Completions: the role of the instructions. */
  readonly systemRole: 'system' | 'developer' | 'user';
  readonly maxTokensParam: 'max_tokens' | 'max_completion_tokens';
  /** Keywords that are left out of the schemas of functions. */
  readonly refusedKeywords: readonly string[];
  /** Whether a function's schema without a type gets one. */
  readonly fillsParameters: boolean;
  /** Whether function calls of earlier turns get ids of nine letters and digits. */
  readonly shortensCallIds: boolean;
  /** Whether empty outputs of functions are replaced by words. */
  readonly fillsEmptyOutputs: boolean;
  /** Chat Completions: whether an earlier answer without a text has null, not an empty text. */
  readonly sendsNullContent: boolean;
  /** Chat Completions: whether to send `reasoning_content` of earlier turns. */
  readonly sendsReasoning: boolean;
  /** Chat Completions: the server's own fields of earlier turns that it refuses. */
  readonly refusedFields: readonly string[];
  /** Chat Completions: whether a thread that the assistant opens gets a user message before it. */
  readonly opensWithUser: boolean;
  /** Chat Completions: whether a thread that the assistant ends gets a user message after it. */
  readonly closesWithUser: boolean;
  /** Responses: whether to ask for encrypted reasoning, which stateless replays need. */
  readonly sendsEncryptedReasoning: boolean;
  /** Responses: whether each vector store has a search tool of its own. */
  readonly splitsSearchTools: boolean;
}

export type RequestApi = 'chat' | 'responses';

/** What only the other API has. */
const foreignParameters = {
  chat: ['store', 'include'],
  responses: ['stream_options'],
} as const satisfies Record<RequestApi, readonly Omittable[]>;

/** The dialect of a model that has refused nothing yet. */
export const initialDialect = (
  api: RequestApi,
  isOpenAI: boolean,
  omittedTools: readonly HostedTool[] = [],
): Dialect => ({
  omitted: foreignParameters[api],
  omitsTopPBesideTemperature: false,
  omittedTools,
  toolChoice: 'named',
  acceptsNone: true,
  refusedFormats: [],
  refusedFormatsWithTools: [],
  // OpenAI looks for the word in the input; chat templates refuse a late system message.
  jsonReminderIn: api === 'responses' && isOpenAI ? 'input' : 'instructions',
  systemRole: 'system',
  // OpenAI and Azure reject the old name, most other servers know only that.
  maxTokensParam: isOpenAI ? 'max_completion_tokens' : 'max_tokens',
  refusedKeywords: [],
  fillsParameters: false,
  shortensCallIds: false,
  fillsEmptyOutputs: false,
  sendsNullContent: true,
  sendsReasoning: false,
  refusedFields: [],
  opensWithUser: false,
  closesWithUser: false,
  sendsEncryptedReasoning: api === 'responses',
  splitsSearchTools: false,
});

type ToolChoice = RunSettings['tool_choice'];

function adaptToolChoice(settings: RunSettings, { toolChoice, omittedTools }: Dialect): ToolChoice {
  const { tool_choice } = settings;
  if (tool_choice === 'none' || tool_choice === 'auto') return tool_choice;
  const isOmitted =
    typeof tool_choice === 'object' && omittedTools.some((type) => type === tool_choice.type);
  if (isOmitted || toolChoice === 'auto') return 'auto';
  return toolChoice === 'required' ? 'required' : tool_choice;
}

const withoutStrict = (tool: OpenAI.Beta.AssistantTool): OpenAI.Beta.AssistantTool => {
  if (tool.type !== 'function') return tool;
  const { strict: _, ...definition } = tool.function;
  return { ...tool, function: definition };
};

/** A function with a schema that the model accepts. */
function withAcceptedSchema(
  tool: OpenAI.Beta.AssistantTool,
  { refusedKeywords, fillsParameters }: Dialect,
): OpenAI.Beta.AssistantTool {
  if (tool.type !== 'function') return tool;
  const { parameters = {} } = tool.function;
  const accepted = withoutKeywords(parameters, new Set(refusedKeywords));
  const lacksType = fillsParameters && !('type' in accepted);
  const filled = lacksType ? { type: 'object', properties: {}, ...accepted } : accepted;
  return { ...tool, function: { ...tool.function, parameters: filled } };
}

function adaptTools({ tools, tool_choice }: RunSettings, dialect: Dialect) {
  if (tool_choice === 'none' && !dialect.acceptsNone) return [];
  const { omitted, omittedTools, refusedKeywords, fillsParameters } = dialect;
  const kept = tools.filter(
    ({ type }) => !omittedTools.some((omittedType) => omittedType === type),
  );
  const accepted =
    fillsParameters || refusedKeywords.length > 0
      ? kept.map((tool) => withAcceptedSchema(tool, dialect))
      : kept;
  return omitted.includes('strict') ? accepted.map(withoutStrict) : accepted;
}

const joinTexts = (first: string | null, second: string): string =>
  first === null || first === '' ? second : `${first}\n\n${second}`;

/** The format that takes the place of JSON mode where that is refused and schemas are not. */
const anyObject = {
  type: 'json_schema',
  json_schema: { name: 'answer', schema: { type: 'object' } },
} as const satisfies RunSettings['response_format'];

/** From a schema to JSON mode to words in the instructions. */
function adaptFormat(
  settings: RunSettings,
  { refusedFormats, refusedFormatsWithTools }: Dialect,
): Pick<RunSettings, 'response_format' | 'instructions'> {
  const { response_format, instructions, tools } = settings;
  const asGiven = { response_format, instructions };
  if (typeof response_format === 'string' || response_format.type === 'text') return asGiven;
  const beside = tools.length > 0 ? refusedFormatsWithTools : [];
  const refused = new Set([...refusedFormats, ...beside]);
  if (!refused.has(response_format.type)) return asGiven;
  const schema = response_format.type === 'json_schema' ? response_format.json_schema.schema : null;
  const next = schema === null ? anyObject : ({ type: 'json_object' } as const);
  const match = schema === null ? '' : ` It must match this JSON Schema: ${JSON.stringify(schema)}`;
  const words = `Answer with one JSON value and no other text.${match}`;
  return {
    response_format: refused.has(next.type) ? 'auto' : next,
    instructions: joinTexts(instructions, words),
  };
}

function adaptSampling(settings: RunSettings, { omitted, ...dialect }: Dialect) {
  const temperature = omitted.includes('temperature') ? null : settings.temperature;
  const isTopPRefused =
    omitted.includes('top_p') || (dialect.omitsTopPBesideTemperature && temperature !== null);
  return {
    temperature,
    top_p: isTopPRefused ? null : settings.top_p,
    reasoning_effort: omitted.includes('reasoning_effort') ? null : settings.reasoning_effort,
    parallel_tool_calls: omitted.includes('parallel_tool_calls') || settings.parallel_tool_calls,
  };
}

/** The request as the model accepts it. */
export function adaptRequest(request: ModelRequest, dialect: Dialect): ModelRequest {
  const { settings, messages } = request;
  const offered = { ...settings, tools: adaptTools(settings, dialect) };
  const adapted: RunSettings = {
    ...offered,
    ...adaptSampling(settings, dialect),
    ...adaptFormat(offered, dialect),
    tool_choice: adaptToolChoice(settings, dialect),
  };
  const { instructions } = adapted;
  const reminder =
    dialect.jsonReminderIn === 'instructions'
      ? jsonReminder(adapted, [instructions, messages])
      : [];
  const omitsLimit = dialect.omitted.includes('max_completion_tokens');
  return {
    ...request,
    settings: { ...adapted, instructions: reminder.reduce(joinTexts, instructions) },
    maxOutputTokens: omitsLimit ? null : request.maxOutputTokens,
  };
}

const comparedSettings = [
  'temperature',
  'top_p',
  'reasoning_effort',
  'parallel_tool_calls',
  'tool_choice',
] as const satisfies (keyof RunSettings)[];

const hasTool = ({ tools }: RunSettings, type: HostedTool): boolean =>
  tools.some((tool) => tool.type === type);

const isStrict = (tool: OpenAI.Beta.AssistantTool): boolean =>
  tool.type === 'function' && tool.function.strict === true;

const isWeaker = (asked: RunSettings, { response_format: sent }: RunSettings): boolean =>
  asked.response_format !== sent && sent !== anyObject;

/** What the adapted request lacks. */
export function omissionsOf(asked: ModelRequest, sent: ModelRequest): Omissions {
  const { tools, tool_choice } = asked.settings;
  const strict = tools.some(isStrict) && !sent.settings.tools.some(isStrict);
  const usesTools = tool_choice !== 'none';
  return {
    parameters: [
      ...comparedSettings.filter((name) => asked.settings[name] !== sent.settings[name]),
      ...(asked.maxOutputTokens === sent.maxOutputTokens ? [] : ['max_completion_tokens']),
      ...(isWeaker(asked.settings, sent.settings) ? ['response_format'] : []),
      ...(strict ? ['strict'] : []),
    ],
    tools: hostedTools.filter(
      (type) => usesTools && hasTool(asked.settings, type) && !hasTool(sent.settings, type),
    ),
  };
}
