import { fieldOf } from '../../shared/json.ts';
import { createHash } from 'node:crypto';
import type { RunSettings } from '../store/schema.ts';
import type OpenAI from 'openai';
import type { EndpointOptions } from './endpoint.ts';
import { openaiURL } from './endpoint.ts';
import type { FunctionCall, MessageContent, ModelRequest, PastTurn } from './model.ts';

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
  /** The server's own fields, sent back only where they came from. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface ChatCall {
  /** The model's own id. */
  readonly id: string;
  /** The id that callers see. */
  readonly call_id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
  /** The server's own fields, those of `function` included. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Where a turn comes from: only there does it mean what it says beyond text and calls. */
export interface Origin {
  /** A hash of the base URL, which may contain a secret: turns are exported. */
  readonly endpoint: string;
  readonly model: string;
}

export function originOf({ baseURL }: Pick<EndpointOptions, 'baseURL'>, model: string): Origin {
  const { origin, pathname } = new URL(baseURL ?? openaiURL);
  const url = origin + pathname.replace(/\/$/u, '');
  return { endpoint: createHash('sha256').update(url).digest('hex').slice(0, 32), model };
}

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

/** The first item of a turn says where the others come from; older turns lack it. */
export const originItem = (origin: Origin): object => ({ origin });

const isOriginItem = (item: unknown): boolean => fieldOf(item, 'origin') !== undefined;

/** The turn's items as they were received, for a call to `origin`; null if they come from elsewhere. */
export function itemsFrom({ items }: PastTurn, origin: Origin): readonly unknown[] | null {
  const stored = fieldOf(items.find(isOriginItem), 'origin');
  const isSame =
    stored === undefined ||
    (fieldOf(stored, 'endpoint') === origin.endpoint && fieldOf(stored, 'model') === origin.model);
  return isSame ? items.filter((item) => !isOriginItem(item)) : null;
}

/** Ends the items of a model call whose searches the engine has answered; the turn may have more. */
export interface SearchOutputs {
  readonly search_outputs: PastTurn['outputs'];
  /** What the outputs let the model cite. */
  readonly sources: readonly unknown[];
}

export const isSearchOutputs = (item: unknown): item is SearchOutputs =>
  Array.isArray(fieldOf(item, 'search_outputs'));

/** The model calls of a stored turn: several where the engine answered searches of the model. */
export function modelCallsOf({ items, outputs }: PastTurn): PastTurn[] {
  const calls: PastTurn[] = [];
  let callItems: unknown[] = [];
  for (const [index, item] of items.entries()) {
    if (!isSearchOutputs(item)) {
      callItems.push(item);
      continue;
    }
    const submitted = index === items.length - 1 ? outputs : [];
    const all = new Map([...item.search_outputs, ...submitted].map((o) => [o.tool_call_id, o]));
    const called = functionCalls(callItems).flatMap(({ id }) => all.get(id) ?? []);
    calls.push({ items: callItems, outputs: called });
    callItems = [];
  }
  return callItems.length === 0 ? calls : [...calls, { items: callItems, outputs }];
}

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

/** The outputs of a turn in the order of its calls, by which some chat templates tell them apart. */
export function outputsInOrder({ items, outputs }: PastTurn): PastTurn['outputs'] {
  const ids = functionCalls(items).map(({ id }) => id);
  return outputs.toSorted((a, b) => ids.indexOf(a.tool_call_id) - ids.indexOf(b.tool_call_id));
}

/** The ids of a run's earlier calls. */
export const usedCallIds = ({ turns }: ModelRequest): ReadonlySet<string> =>
  new Set(turns.flatMap(({ items }) => functionCalls(items).map(({ id }) => id)));

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

/** The functions that the model may call: their names and the schemas of their parameters. */
export const functionsOf = ({
  settings,
}: ModelRequest): ReadonlyMap<string, OpenAI.FunctionParameters> =>
  new Map(
    settings.tools.flatMap((tool) =>
      tool.type === 'function' ? [[tool.function.name, tool.function.parameters ?? {}]] : [],
    ),
  );

/** Endpoints reject a strict function whose schema allows more properties, even an empty schema. */
export function functionParameters({ parameters = {}, strict }: OpenAI.FunctionDefinition) {
  if (strict !== true) return parameters;
  const isEmpty = JSON.stringify(parameters) === '{"type":"object","properties":{}}';
  return isEmpty ? { ...parameters, additionalProperties: false } : parameters;
}

/** The instruction to add in JSON mode, which endpoints reject unless the prompt has the word JSON. */
export function jsonReminder({ response_format }: RunSettings, prompt: unknown): string[] {
  const wantsJson = typeof response_format === 'object' && response_format.type === 'json_object';
  return wantsJson && !/json/i.test(JSON.stringify(prompt)) ? ['Answer with JSON.'] : [];
}
