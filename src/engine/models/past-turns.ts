import type { RunSettings } from '../store/schema.ts';
import type OpenAI from 'openai';
import type { FunctionCall, MessageContent } from './model.ts';

/*
 * Readers of past turns, whichever model API wrote the items: the server may be restarted with another
 * API while a run waits for tool outputs.
 */

/** An answer of Chat Completions, as stored and as sent back. */
export interface ChatMessage {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly tool_calls?: readonly ChatCall[];
  /** Sent back only to models that require it. */
  readonly reasoning_content?: string;
}

export interface ChatCall {
  /** The model's own id. */
  readonly id: string;
  /** The id that callers see. */
  readonly call_id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

const fieldOf = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

const stringField = (value: unknown, name: string): string => {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
};

const listField = (value: unknown, name: string): readonly unknown[] => {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
};

/** Unlike items of the Responses API, chat messages have no type. */
export const isChatMessage = (item: unknown): item is ChatMessage =>
  fieldOf(item, 'role') === 'assistant' && fieldOf(item, 'type') === undefined;

export const isResponsesItem = (item: unknown): boolean => stringField(item, 'type') !== '';

/** The function calls of a turn; `id` is the id that their outputs refer to. */
export const functionCalls = (items: readonly unknown[]): FunctionCall[] =>
  items.flatMap((item) => {
    if (isChatMessage(item)) {
      return (item.tool_calls ?? []).map(({ call_id, function: called }) => ({
        id: call_id,
        ...called,
      }));
    }
    const isCall = ['function_call', ''].includes(stringField(item, 'type'));
    const id = stringField(item, 'call_id') || stringField(item, 'id');
    const [name, args] = [stringField(item, 'name'), stringField(item, 'arguments')];
    return isCall && name !== '' ? [{ id, name, arguments: args }] : [];
  });

/** The text and refusals that the assistant wrote in a turn. */
export const assistantText = (items: readonly unknown[]): string =>
  items
    .flatMap((item) => [
      stringField(item, 'content'),
      ...listField(item, 'content').map(
        (part) => stringField(part, 'text') || stringField(part, 'refusal'),
      ),
    ])
    .filter((text) => text !== '')
    .join('\n');

/** The text or refusal in a part of a message; empty for images. */
export const partText = (part: MessageContent): string[] => {
  if (part.type === 'text') return [part.text.value];
  return part.type === 'refusal' ? [part.refusal] : [];
};

/** Endpoints reject a strict function whose schema allows more properties, even an empty schema. */
export function functionParameters({ parameters = {}, strict }: OpenAI.FunctionDefinition) {
  const isEmpty = JSON.stringify(parameters) === '{"type":"object","properties":{}}';
  return strict === true && isEmpty ? { ...parameters, additionalProperties: false } : parameters;
}

/** The instruction to add in JSON mode, which endpoints reject unless the prompt has the word JSON. */
export function jsonReminder({ response_format }: RunSettings, prompt: unknown): string[] {
  const wantsJson = typeof response_format === 'object' && response_format.type === 'json_object';
  return wantsJson && !/json/i.test(JSON.stringify(prompt)) ? ['Answer with JSON.'] : [];
}
