import type OpenAI from 'openai';
import type { Dialect } from '../dialect.ts';
import { replayTurn } from './replay.ts';
import type { ContextMessage, MessageContent, ModelRequest } from '../model.ts';
import { functionParameters, type Origin, partText } from '../past-turns.ts';

type Params = OpenAI.Chat.ChatCompletionCreateParams;
type Message = OpenAI.Chat.ChatCompletionMessageParam;
type Part = OpenAI.Chat.ChatCompletionContentPartText | OpenAI.Chat.ChatCompletionContentPartImage;

/** Text without images is one string, because not every server supports parts. */
interface ChatText {
  readonly role: Dialect['systemRole'] | 'assistant';
  readonly content: string | Part[];
}

function toPart(part: MessageContent): Part[] {
  if (part.type !== 'image_url') return partText(part).map((text) => ({ type: 'text', text }));
  const { url, detail = 'auto' } = part.image_url;
  return [{ type: 'image_url', image_url: { url, detail } }];
}

/** Images in assistant messages are dropped: this API does not support them. */
function toChatTexts({ role, content }: ContextMessage): ChatText[] {
  const hasImages = role === 'user' && content.some(({ type }) => type === 'image_url');
  if (hasImages) return [{ role, content: content.flatMap(toPart) }];
  const text = content.flatMap(partText).join('\n');
  return text === '' ? [] : [{ role, content: text }];
}

const toParts = (content: ChatText['content']): Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

function join(one: ChatText['content'], other: ChatText['content']): ChatText['content'] {
  if (typeof one === 'string' && typeof other === 'string') return `${one}\n\n${other}`;
  return [...toParts(one), ...toParts(other)];
}

/** Merges consecutive messages of one role: many chat templates require that roles alternate. */
function mergeSameRole(messages: readonly ChatText[]): ChatText[] {
  const merged: ChatText[] = [];
  for (const { role, content } of messages) {
    const last = merged.at(-1);
    if (last?.role !== role) merged.push({ role, content });
    else merged[merged.length - 1] = { role, content: join(last.content, content) };
  }
  return merged;
}

const toMessage = ({ role, content }: ChatText): Message =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only user messages have parts
  ({ role, content }) as Message;

/** For chat templates that demand that the user speaks first. */
const userOpener: ChatText = { role: 'user', content: '(The conversation begins.)' };

/** For servers that answer only a user. */
const userCloser: ChatText = { role: 'user', content: '(The conversation goes on.)' };

function toMessages(
  { settings, messages, turns }: ModelRequest,
  dialect: Dialect,
  origin: Origin,
): Message[] {
  const { instructions } = settings;
  const texts = messages.flatMap(toChatTexts);
  // Chat templates require a user message: in an empty thread, the instructions become one.
  const role = texts.length + turns.length === 0 ? 'user' : dialect.systemRole;
  const hasInstructions = instructions !== null && instructions !== '';
  const system = hasInstructions ? [{ role, content: instructions }] : [];
  const opener = dialect.opensWithUser && texts[0]?.role === 'assistant' ? [userOpener] : [];
  const isOpen = turns.length === 0 && texts.at(-1)?.role === 'assistant';
  const closer = dialect.closesWithUser && isOpen ? [userCloser] : [];
  return [
    ...mergeSameRole([...system, ...opener, ...texts, ...closer]).map(toMessage),
    ...turns.flatMap((turn) => replayTurn(turn, dialect, origin)),
  ];
}

function toTool(tool: OpenAI.Beta.AssistantTool): OpenAI.Chat.ChatCompletionFunctionTool[] {
  if (tool.type !== 'function') return [];
  const { strict, ...definition } = tool.function;
  if (strict !== true) return [{ type: 'function', function: definition }];
  const parameters = functionParameters(tool.function);
  return [{ type: 'function', function: { ...tool.function, parameters } }];
}

/** A forced choice applies only to the first call of a run, which else would call tools forever. */
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

/**
 * Maps a model call to the parameters of Chat Completions (contract §9). Images must already be URLs;
 * unset values are omitted, and the request must have been adapted to the dialect. `origin` is where
 * the call goes.
 */
export function toChatParams(request: ModelRequest, dialect: Dialect, origin: Origin): Params {
  const { settings, maxOutputTokens } = request;
  const { model, response_format, temperature, top_p, reasoning_effort } = settings;
  const stream = !dialect.omitted.includes('stream');
  return {
    model,
    messages: toMessages(request, dialect, origin),
    stream,
    ...(stream && !dialect.omitted.includes('stream_options')
      ? { stream_options: { include_usage: true } }
      : {}),
    ...toToolParams(request),
    ...(typeof response_format === 'string' ? {} : { response_format }),
    ...(temperature === null ? {} : { temperature }),
    ...(top_p === null ? {} : { top_p }),
    ...(reasoning_effort === null ? {} : { reasoning_effort }),
    ...(maxOutputTokens === null ? {} : { [dialect.maxTokensParam]: maxOutputTokens }),
  };
}
