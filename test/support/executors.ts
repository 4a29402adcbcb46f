import { createChatUpstream } from './chat-upstream.ts';
import { apiKey, setup, type Harness, type HarnessOptions } from './engine.ts';
import type { Reply } from './chat-replies.ts';
import {
  incompleteMessage,
  functionCall,
  reasoningItem,
  refusalMessage,
  textMessage,
} from './upstream-items.ts';
import { createUpstream, type Turn } from './upstream.ts';

type Fetch = typeof fetch;

/** An engine with one of the model APIs, and a fake model endpoint. */
export interface ExecutorHarness extends Harness {
  /** Queues replies, one for each request. */
  respondWith(...replies: Reply[]): void;
  /** The bodies of all requests. */
  sent(): readonly object[];
}

interface Options extends Omit<HarnessOptions, 'model' | 'endpoint'> {
  /** Wraps the endpoint's fetch. */
  readonly wrap?: (plain: Fetch) => Fetch;
}

/** An error event in the middle of the text. */
const breakWith = (failed: NonNullable<Reply['failed']>): Turn => ({
  errorEvent: failed,
  edit: (events) => [
    ...events.slice(
      0,
      events.findIndex(({ type }) => type === eventTypes.end),
    ),
    ...events.slice(-1),
  ],
});

const incomplete = { length: 'max_output_tokens', content_filter: 'content_filter' } as const;
/** The event before which a stream breaks or waits. */
const eventTypes = { all: 'response.output_item.added', end: 'response.output_text.done' } as const;

function toOutput({ text, refusal, reasoning, truncated, calls = [] }: Reply) {
  const toMessage = truncated === undefined ? textMessage : incompleteMessage;
  return [
    ...(reasoning === undefined ? [] : [reasoningItem(reasoning)]),
    ...(text === undefined ? [] : [toMessage(text)]),
    ...(refusal === undefined ? [] : [refusalMessage(refusal)]),
    ...calls.map(({ id, name, args }) => functionCall(name, args, id)),
  ];
}

/** Converts a reply to the Responses API. */
export function toTurn(reply: Reply): Turn {
  const { usage, http, unreachable, truncated, failed, broken, gate } = reply;
  return {
    output: toOutput(reply),
    ...(usage !== undefined && { usage }),
    ...(truncated !== undefined && { incomplete: incomplete[truncated] }),
    ...(failed !== undefined && breakWith(failed)),
    ...(broken !== undefined && { broken: { how: broken.how, before: eventTypes[broken.before] } }),
    ...(gate !== undefined && { gate, before: eventTypes.end }),
    ...(http !== undefined && { http }),
    ...(unreachable !== undefined && { unreachable }),
  };
}

const unchanged = (plain: Fetch): Fetch => plain;

async function openResponses({
  wrap = unchanged,
  ...options
}: Options = {}): Promise<ExecutorHarness> {
  const upstream = createUpstream({ apiKey });
  const endpoint = { fetch: wrap(upstream.fetch), rejections: upstream.rejections };
  const harness = await setup({ ...options, model: 'responses', endpoint });
  return {
    ...harness,
    respondWith: (...replies) => upstream.respondWith(...replies.map(toTurn)),
    sent: () => upstream.requests.map(({ body }) => body),
  };
}

async function openChat({ wrap = unchanged, ...options }: Options = {}): Promise<ExecutorHarness> {
  const upstream = createChatUpstream({ apiKey });
  const endpoint = { fetch: wrap(upstream.fetch), rejections: upstream.rejections };
  const harness = await setup({ ...options, model: 'chat', endpoint });
  return {
    ...harness,
    respondWith: upstream.respondWith,
    sent: () => upstream.requests.map(({ body }) => body),
  };
}

/** The model APIs that must behave alike. */
export const executors = [
  { name: 'responses', open: openResponses },
  { name: 'chat', open: openChat },
] as const;
