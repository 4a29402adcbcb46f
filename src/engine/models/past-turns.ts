import type { RunSettings } from '../store/schema.ts';
import type OpenAI from 'openai';
import type { FunctionCall, MessageContent } from './model.ts';

/*
 * What a past turn says, whichever executor wrote its items down. A run that waits for outputs may
 * be continued by another model API than the one that began it, when the server was started anew.
 */

/** A turn of Chat Completions as it is kept, and as that API takes it back. */
export interface ChatMessage {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly tool_calls?: readonly ChatCall[];
  /** What a model thought before it called; only models that demand it are sent it again. */
  readonly reasoning_content?: string;
}

export interface ChatCall {
  /** As the model knows it. */
  readonly id: string;
  /** As callers know it. */
  readonly call_id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

const fieldOf = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);

const textOf = (value: unknown, name: string): string => {
  const text = fieldOf(value, name);
  return typeof text === 'string' ? text : '';
};

const listOf = (value: unknown, name: string): readonly unknown[] => {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? list : [];
};

/** Items of the Responses API all have a type. */
export const isChatMessage = (item: unknown): item is ChatMessage =>
  fieldOf(item, 'role') === 'assistant' && fieldOf(item, 'type') === undefined;

export const isResponsesItem = (item: unknown): boolean => textOf(item, 'type') !== '';

/** The function calls of any turn, under the ids by which their outputs came. */
export const functionCalls = (items: readonly unknown[]): FunctionCall[] =>
  items.flatMap((item) => {
    if (isChatMessage(item)) {
      return (item.tool_calls ?? []).map(({ call_id, function: called }) => ({
        id: call_id,
        ...called,
      }));
    }
    const isCall = ['function_call', ''].includes(textOf(item, 'type'));
    const id = textOf(item, 'call_id') || textOf(item, 'id');
    const [name, args] = [textOf(item, 'name'), textOf(item, 'arguments')];
    return isCall && name !== '' ? [{ id, name, arguments: args }] : [];
  });

/** What was said aloud in any turn. */
export const assistantText = (items: readonly unknown[]): string =>
  items
    .flatMap((item) => [
      textOf(item, 'content'),
      ...listOf(item, 'content').map((part) => textOf(part, 'text') || textOf(part, 'refusal')),
    ])
    .filter((text) => text !== '')
    .join('\n');
/* What every API of models is told in the same words. */
/** What a part of a message says; images say nothing. */
export const partText = (part: MessageContent): string[] => {
  if (part.type === 'text') return [part.text.value];
  return part.type === 'refusal' ? [part.refusal] : [];
};

/** Endpoints refuse a strict function whose schema is open, even where there is nothing in it. */
export function functionParameters({ parameters = {}, strict }: OpenAI.FunctionDefinition) {
  const isEmpty = JSON.stringify(parameters) === '{"type":"object","properties":{}}';
  return strict === true && isEmpty ? { ...parameters, additionalProperties: false } : parameters;
}

/** What has to be added to what is `said`, since JSON is refused where nobody says the word. */
export function jsonReminder({ response_format }: RunSettings, said: unknown): string[] {
  const wantsJson = typeof response_format === 'object' && response_format.type === 'json_object';
  return wantsJson && !/json/i.test(JSON.stringify(said)) ? ['Answer with JSON.'] : [];
}
