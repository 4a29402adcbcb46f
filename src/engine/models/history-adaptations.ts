import type { Adaptation, SentRequest } from './adaptation.ts';
import { isJsonObject } from '../../shared/json.ts';
import { type ChatMessage, isChatMessage } from './past-turns.ts';

/* What servers refuse of earlier messages and turns, which others accept. */

const hasTurns = ({ request }: SentRequest): boolean => request.turns.length > 0;

const fieldsOf = ({ extra, tool_calls = [] }: ChatMessage): string[] =>
  [extra, ...tool_calls.flatMap((call) => [call.extra, call.extra?.['function']])]
    .filter(isJsonObject)
    .flatMap(Object.keys)
    .filter((name) => name !== 'function');

/** The fields that servers added to the answers of a run, of those that a text names. */
function ownFieldsIn(text: string, { request: { turns } }: SentRequest): string[] {
  const words = new Set(text.match(/\w+/gu));
  const messages = turns.flatMap(({ items }) => items.filter(isChatMessage));
  return messages.flatMap(fieldsOf).filter((name) => words.has(name));
}

const ownFields: Adaptation = {
  label: "without fields of the server's own",
  recognizes: ({ text }, sent) => sent.api === 'chat' && ownFieldsIn(text, sent).length > 0,
  change: (dialect, sent, { text }) => ({
    ...dialect,
    refusedFields: [...new Set([...dialect.refusedFields, ...ownFieldsIn(text, sent)])],
  }),
};

const userFirst: Adaptation = {
  label: 'with a user message first',
  recognizes: ({ text }, { api, request: { messages } }) =>
    api === 'chat' &&
    messages[0]?.role === 'assistant' &&
    /alternate|(?:must|should) (?:start|begin) with|first message must|must be .{0,20}\buser\b.{0,20}first/iu.test(
      text,
    ),
  change: (dialect) => ({ ...dialect, opensWithUser: true }),
};

const userLast: Adaptation = {
  label: 'with a user message last',
  recognizes: ({ text }, { api, request: { messages, turns } }) =>
    api === 'chat' &&
    turns.length === 0 &&
    messages.at(-1)?.role === 'assistant' &&
    /prefill|last (?:role|message)|end with .{0,20}user|at the end of|no user (?:query|message)/iu.test(
      text,
    ),
  change: (dialect) => ({ ...dialect, closesWithUser: true }),
};

/** Mistral's ids have nine characters; others refuse long ones, or some characters. */
const callIds: Adaptation = {
  label: 'with other ids of function calls',
  recognizes: ({ text }, sent) =>
    hasTurns(sent) &&
    /tool_?(?: ?call|use)|call_id/iu.test(text) &&
    /\bids?\b|call_id/iu.test(text) &&
    /length|too long|pattern|characters|a-z/iu.test(text),
  change: (dialect) => ({ ...dialect, shortensCallIds: true }),
};

const nullContent: Adaptation = {
  label: 'with an empty text in place of null',
  recognizes: ({ text }, sent) =>
    sent.api === 'chat' &&
    hasTurns(sent) &&
    (/NoneType/u.test(text) ||
      (/\bcontent\b/iu.test(text) && /null|\bnil\b|none|string|missing|required/iu.test(text))),
  change: (dialect) => ({ ...dialect, sendsNullContent: false }),
};

const emptyOutputs: Adaptation = {
  label: 'with words in place of empty outputs',
  recognizes: ({ text }, sent) =>
    hasTurns(sent) &&
    /empty|blank|whitespace|too short|at least (?:1|one) character|prompt参数/iu.test(text),
  change: (dialect) => ({ ...dialect, fillsEmptyOutputs: true }),
};

/** In the order in which they are tried. */
export const historyAdaptations: readonly Adaptation[] = [
  userFirst,
  userLast,
  ownFields,
  callIds,
  nullContent,
  emptyOutputs,
];
