import { fieldOf } from '../../../shared/json.ts';
import type OpenAI from 'openai';
import type { ContextMessage, MessageContent, PastTurn } from '../model.ts';
import {
  assistantText,
  functionCalls,
  isResponsesItem,
  itemsFrom,
  type Origin,
  outputsInOrder,
  partText,
} from '../past-turns.ts';
import { withoutReasoning } from '../thinking-filter.ts';

export type InputItem = OpenAI.Responses.ResponseInputItem;
type InputPart = OpenAI.Responses.ResponseInputContent;

/** Where a request goes. */
export interface Target {
  readonly isOpenAI: boolean;
  readonly origin: Origin;
}

function toInputPart(part: MessageContent): InputPart {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text.value };
    case 'refusal':
      return { type: 'input_text', text: part.refusal };
    case 'image_url': {
      const { url, detail = 'auto' } = part.image_url;
      return { type: 'input_image', image_url: url, detail };
    }
    case 'image_file': {
      const { file_id, detail = 'auto' } = part.image_file;
      return { type: 'input_image', file_id, detail };
    }
  }
}

/** Assistant messages are sent as text, the only content that their role may have. */
export function toInputMessage({ role, content }: ContextMessage): InputItem[] {
  if (role === 'user') return [{ role, content: content.map(toInputPart) }];
  const text = content.flatMap(partText).join('\n');
  return text === '' ? [] : [{ role, content: text }];
}

/** Converts the items of another model API, endpoint or model. */
function toInputItems(items: readonly unknown[]): InputItem[] {
  const text = withoutReasoning(assistantText(items));
  const calls = functionCalls(items).map(({ id, ...call }) => ({
    type: 'function_call' as const,
    call_id: id,
    ...call,
  }));
  return [...(text === '' ? [] : [{ role: 'assistant' as const, content: text }]), ...calls];
}

/**
 * An earlier turn of the run: its output items exactly as received if they come from the same place,
 * then its function outputs.
 */
export function replayTurn(turn: PastTurn, origin: Origin): InputItem[] {
  const own = itemsFrom(turn, origin);
  return [
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- stored verbatim from this API
    ...(own?.every(isResponsesItem) === true ? (own as InputItem[]) : toInputItems(turn.items)),
    ...outputsInOrder(turn).map(({ tool_call_id, output }) => ({
      type: 'function_call_output' as const,
      call_id: tool_call_id,
      output,
    })),
  ];
}

type Part = OpenAI.Responses.ResponseOutputMessage['content'][number];

const toOutputParts = (content: unknown): unknown =>
  typeof content === 'string'
    ? [{ type: 'output_text', text: content, annotations: [] } satisfies Part]
    : content;

/**
 * Adds what OpenAI lets requests omit and other servers require: types, ids and statuses. An id only
 * has to be unique in the request; it is the same in the next one, so that servers can cache it.
 */
export function completeItem(item: InputItem, index: number): InputItem {
  const role = fieldOf(item, 'role');
  const isMessage = role !== undefined && (item.type ?? 'message') === 'message';
  const completed =
    isMessage && role === 'assistant'
      ? {
          status: 'completed',
          ...item,
          id: fieldOf(item, 'id') ?? `msg_${index}`,
          type: 'message',
          content: toOutputParts(fieldOf(item, 'content')),
        }
      : isMessage
        ? { type: 'message', ...item }
        : item.type === 'function_call'
          ? { status: 'completed', ...item, id: item.id ?? `fc_${index}` }
          : item;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only missing fields are added
  return completed as InputItem;
}
