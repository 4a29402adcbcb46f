import type OpenAI from 'openai';
import type { Dialect } from './dialect.ts';
import { jsonReminder, functionParameters, partText } from '../past-turns.ts';
import type { ContextMessage, MessageContent, ModelRequest, PastTurn } from '../model.ts';
import { functionCalls, isChatMessage, assistantText } from '../past-turns.ts';

/* The mapping of a run to the parameters of Chat Completions (contract §9). */
type Params = OpenAI.Chat.ChatCompletionCreateParamsStreaming;
type Message = OpenAI.Chat.ChatCompletionMessageParam;
type Part = OpenAI.Chat.ChatCompletionContentPartText | OpenAI.Chat.ChatCompletionContentPartImage;

/** What somebody says, in one string where it is text alone: not every server reads parts. */
interface ChatText {
  readonly role: Dialect['systemRole'] | 'assistant';
  readonly content: string | Part[];
}

function toPart(part: MessageContent): Part[] {
  if (part.type !== 'image_url') return partText(part).map((text) => ({ type: 'text', text }));
  const { url, detail = 'auto' } = part.image_url;
  return [{ type: 'image_url', image_url: { url, detail } }];
}

/** Images of an assistant have no place in this API. */
function toSaying({ role, content }: ContextMessage): ChatText[] {
  const isSeen = role === 'user' && content.some(({ type }) => type === 'image_url');
  if (isSeen) return [{ role, content: content.flatMap(toPart) }];
  const said = content.flatMap(partText).join('\n');
  return said === '' ? [] : [{ role, content: said }];
}

const toParts = (content: ChatText['content']): Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

function join(one: ChatText['content'], other: ChatText['content']): ChatText['content'] {
  if (typeof one === 'string' && typeof other === 'string') return `${one}\n\n${other}`;
  return [...toParts(one), ...toParts(other)];
}

/** Many models' templates demand that roles alternate: whoever goes on speaking does so in one message. */
function mergeSameRole(sayings: readonly ChatText[]): ChatText[] {
  const merged: ChatText[] = [];
  for (const { role, content } of sayings) {
    const last = merged.at(-1);
    if (last?.role !== role) merged.push({ role, content });
    else merged[merged.length - 1] = { role, content: join(last.content, content) };
  }
  return merged;
}

/** An earlier call of the run: what the model said and called, then what the calls were answered. */
function replay({ items, outputs }: PastTurn, { returnsReasoning }: Dialect): Message[] {
  const content = assistantText(items);
  const own = items.find(isChatMessage);
  const ownIds = new Map(own?.tool_calls?.map(({ id, call_id }) => [call_id, id]));
  const tool_calls = functionCalls(items).map(({ id, ...called }) => ({
    id: ownIds.get(id) ?? id,
    type: 'function' as const,
    function: called,
  }));
  const message = {
    role: 'assistant' as const,
    content: content === '' ? null : content,
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
    ...(returnsReasoning ? { reasoning_content: own?.reasoning_content ?? '' } : {}),
  };
  const answers = outputs.map(({ tool_call_id, output }) => ({
    role: 'tool' as const,
    tool_call_id: ownIds.get(tool_call_id) ?? tool_call_id,
    content: output,
  }));
  return [message, ...answers];
}

const toMessage = ({ role, content }: ChatText): Message =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- parts are only ever a user's
  ({ role, content }) as Message;

function toMessages({ settings, messages, turns }: ModelRequest, dialect: Dialect): Message[] {
  const { instructions } = settings;
  const sayings = messages.flatMap(toSaying);
  const systemTexts = instructions === null || instructions === '' ? [] : [instructions];
  systemTexts.push(...jsonReminder(settings, [systemTexts, sayings]));
  // A thread without messages is opened by its instructions: templates want a user.
  const role = sayings.length + turns.length === 0 ? 'user' : dialect.systemRole;
  const system = systemTexts.length === 0 ? [] : [{ role, content: systemTexts.join('\n\n') }];
  return [
    ...mergeSameRole([...system, ...sayings]).map(toMessage),
    ...turns.flatMap((turn) => replay(turn, dialect)),
  ];
}

function toTool(tool: OpenAI.Beta.AssistantTool): OpenAI.Chat.ChatCompletionFunctionTool[] {
  if (tool.type !== 'function') return [];
  const { strict, ...rest } = tool.function;
  if (strict !== true) return [{ type: 'function', function: rest }];
  return [
    {
      type: 'function',
      function: { ...tool.function, parameters: functionParameters(tool.function) },
    },
  ];
}

/** A forced choice holds for the first call of a run only; repeating it would never end. */
function toToolChoice({ settings, turns }: ModelRequest): Pick<Params, 'tool_choice'> {
  const { tool_choice } = settings;
  if (tool_choice === 'none') return { tool_choice };
  if (tool_choice === 'auto' || turns.length > 0) return {};
  if (tool_choice === 'required') return { tool_choice };
  const { function: chosen } = tool_choice;
  return {
    tool_choice:
      chosen === undefined ? 'required' : { type: 'function', function: { name: chosen.name } },
  };
}

function toToolParams(request: ModelRequest): Partial<Params> {
  const tools = request.settings.tools.flatMap(toTool);
  if (tools.length === 0) return {};
  const parallel = request.settings.parallel_tool_calls ? {} : { parallel_tool_calls: false };
  return { tools, ...toToolChoice(request), ...parallel };
}

/** The body of one model call, its images all URLs; what nobody set is not sent. */
export function toChatParams(request: ModelRequest, dialect: Dialect): Params {
  const { settings, maxOutputTokens } = request;
  const { model, response_format, temperature, top_p, reasoning_effort } = settings;
  return {
    model,
    messages: toMessages(request, dialect),
    stream: true,
    ...(dialect.asksUsage ? { stream_options: { include_usage: true } } : {}),
    ...toToolParams(request),
    ...(typeof response_format === 'string' ? {} : { response_format }),
    ...(temperature === null ? {} : { temperature }),
    ...(top_p === null ? {} : { top_p }),
    ...(reasoning_effort === null ? {} : { reasoning_effort }),
    ...(maxOutputTokens === null ? {} : { [dialect.tokens]: maxOutputTokens }),
  };
}
