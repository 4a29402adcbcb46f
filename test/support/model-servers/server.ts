import { chatError, createChatUpstream } from '../chat-upstream.ts';
import type { Reply } from '../chat-replies.ts';
import { toTurn } from '../executors.ts';
import { createUpstream, type Upstream } from '../upstream.ts';

type Api = 'chat' | 'responses';

/** A request's body, of either API. */
export type Body = Readonly<Record<string, unknown>>;

/** A named server of models, and what it refuses. */
export interface ServerDefinition {
  readonly name: string;
  readonly baseURL: string;
  /** The response to a request that the server refuses; null: it accepts it. */
  readonly refuse: (body: Body, api: Api) => Response | null;
  /** Whether its Responses API ignores formats: it then answers in prose. */
  readonly ignoresFormats?: boolean;
}

export interface ModelServer extends ServerDefinition {
  readonly fetch: typeof globalThis.fetch;
  /** Requests that no server should get. */
  readonly rejections: Upstream['rejections'];
  /** All requests, refused ones included. */
  readonly requests: readonly { readonly api: Api; readonly body: Body }[];
  /** Queues replies, one for each accepted request. */
  respondWith(...replies: Reply[]): void;
}

/** The response of a path that the server does not have. */
export const noResponsesApi = (api: Api): Response | null =>
  api === 'responses' ? chatError(404, { message: 'Not Found', code: 404 }) : null;

/** The first refusal of several. */
export const firstOf = (...refusals: readonly (Response | null)[]): Response | null =>
  refusals.find((refusal) => refusal !== null) ?? null;

const isJsonFormat = ({ text }: Body): boolean => JSON.stringify(text ?? null).includes('"json_');

/** A fake of a named server with both APIs; `definition` says what it refuses. */
export function createModelServer(definition: ServerDefinition): ModelServer {
  const chat = createChatUpstream();
  const isOpenAI = definition.baseURL.includes('openai.');
  const responses = createUpstream({ apiKey: null, isOpenAI });
  const replies: Reply[] = [];
  const requests: { api: Api; body: Body }[] = [];

  const answer = (api: Api, body: Body, input: Parameters<typeof fetch>) => {
    const reply = replies.shift() ?? {};
    if (api === 'chat') {
      chat.respondWith(reply);
      return chat.fetch(...input);
    }
    const ignoresFormat = definition.ignoresFormats === true && isJsonFormat(body);
    responses.respondWith(toTurn(ignoresFormat ? { text: 'Sure! Here it is.' } : reply));
    return responses.fetch(...input);
  };

  return {
    ...definition,
    requests,
    get rejections() {
      return [...chat.rejections, ...responses.rejections];
    },
    respondWith: (...newReplies) => void replies.push(...newReplies),
    async fetch(input, init) {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      const api = pathname.endsWith('/responses') ? 'responses' : 'chat';
      if (!/\/(?:responses|chat\/completions)$/u.test(pathname)) {
        return chatError(404, { message: `Unknown path ${pathname}.` });
      }
      const { url, method, headers } = request;
      const text = await request.text();
      const body: Body = JSON.parse(text);
      requests.push({ api, body });
      // A request's body can be read only once.
      const copy = { method, headers, body: text, signal: init?.signal ?? null };
      return definition.refuse(body, api) ?? answer(api, body, [url, copy]);
    },
  };
}
