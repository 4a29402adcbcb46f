import { checkChat, type ChatRequest, parseChat } from './chat-request.ts';
import type { Reply } from './chat-replies.ts';
import type { Rejection } from './upstream-check.ts';
import { pieces } from './upstream-events.ts';

type Usage = NonNullable<Reply['usage']>;
interface Delta {
  readonly role?: 'assistant';
  readonly content?: unknown;
  readonly refusal?: string;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly tool_calls?: readonly object[];
}

/** One chunk of a stream, as OpenAI sends it. */
export interface Chunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: 0;
    readonly delta: Delta;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: object | null;
}

/** How a server differs from OpenAI's. */
export interface ChatServer {
  /** The error for a request that the server rejects; null: it accepts it. */
  readonly reject?: (body: ChatRequest) => Response | null;
  /** Converts OpenAI's chunks into the server's. */
  readonly edit?: (chunks: Chunk[], reply: Reply) => readonly object[];
  /** Serializes the stream. */
  readonly write?: (chunks: readonly object[]) => string;
  /** The whole response, for servers that do not stream. */
  readonly respond?: (reply: Reply) => Response;
  /** The response to `POST /responses`; default: 404. */
  readonly responses?: () => Response;
}

const toUsage = ([input, output, cached = 0, reasoning = 0]: Usage) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
});

function toDeltas({ text = '', refusal = '', reasoning = '', calls = [] }: Reply): Delta[] {
  return [
    { role: 'assistant', content: '' },
    ...pieces(reasoning).map((piece) => ({ reasoning_content: piece })),
    ...pieces(text).map((piece) => ({ content: piece })),
    ...pieces(refusal).map((piece) => ({ refusal: piece })),
    ...calls.flatMap(({ id, name, args }, index) => [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
      ...pieces(args).map((piece) => ({
        tool_calls: [{ index, function: { arguments: piece } }],
      })),
    ]),
  ];
}

/** The chunks of a reply. */
export function chunksOf(reply: Reply, body: Pick<ChatRequest, 'model' | 'stream_options'>) {
  const { usage = [10, 5], truncated, calls = [] } = reply;
  const includesUsage = body.stream_options !== undefined;
  const common = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk' as const,
    created: 1_790_000_000,
    model: body.model,
  };
  const chunk = (delta: Delta, finish_reason: string | null = null): Chunk => ({
    ...common,
    choices: [{ index: 0, delta, finish_reason }],
    ...(includesUsage ? { usage: null } : {}),
  });
  const reason = truncated ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  const chunks = [...toDeltas(reply).map((piece) => chunk(piece)), chunk({}, reason)];
  const usageChunk = { ...common, choices: [], usage: toUsage(usage ?? [0, 0]) };
  return includesUsage && usage !== null ? [...chunks, usageChunk] : chunks;
}

export const writeEvents = (chunks: readonly object[], endMarker = 'data: [DONE]\n\n'): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') + endMarker;

/** An error in OpenAI's envelope. */
export const chatError = (status: number, error: object, headers: object = {}): Response =>
  Response.json(
    { error: { type: status >= 500 ? 'server_error' : 'invalid_request_error', ...error } },
    { status, headers: { 'x-request-id': 'req_upstream', 'x-should-retry': 'false', ...headers } },
  );

function httpError({ status, error, headers = {} }: NonNullable<Reply['http']>): Response {
  if (typeof error === 'object') return chatError(status, error, headers);
  return new Response(error, { status, headers: { 'x-should-retry': 'false', ...headers } });
}

const aborted = () => new DOMException('This operation was aborted', 'AbortError');

async function* stream(reply: Reply, text: string, signal: AbortSignal | null) {
  const { gate, broken, failed } = reply;
  const end = text.lastIndexOf('data: {', text.lastIndexOf('"finish_reason":"'));
  if (broken?.before !== 'all') yield text.slice(0, end);
  if (broken?.how === 'error') throw new TypeError('terminated');
  if (broken !== undefined) return;
  if (gate !== undefined) {
    const { promise, reject } = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => reject(aborted()), { once: true });
    await Promise.race([gate.pass(), promise]);
  }
  yield failed === undefined ? text.slice(end) : writeEvents([{ error: failed }]);
}

interface UpstreamOptions {
  /** The API key that requests need; null: none. */
  readonly apiKey?: string | null;
  readonly server?: ChatServer;
}

const notFound = (path: string): Response =>
  chatError(404, { message: `Invalid URL (POST ${path})`, param: null, code: null });

/** A fake endpoint of Chat Completions: records requests and sends the queued replies. */
export function createChatUpstream({ apiKey = null, server = {} }: UpstreamOptions = {}) {
  const replies: Reply[] = [];
  const requests: { url: string; headers: Headers; body: ChatRequest }[] = [];
  const rejections: Rejection[] = [];
  let responsesAttempts = 0;

  const reject = (rejection: Rejection): Response => {
    rejections.push(rejection);
    const { status, ...error } = rejection;
    return chatError(status, error);
  };

  const respond = (reply: Reply, body: ChatRequest, signal: AbortSignal | null): Response => {
    if (reply.unreachable !== undefined) throw new TypeError(reply.unreachable);
    if (reply.http !== undefined) return httpError(reply.http);
    if (server.respond !== undefined) return server.respond(reply);
    const chunks = chunksOf(reply, body);
    const { edit = (unchanged) => unchanged, write = writeEvents } = server;
    const text = ReadableStream.from(stream(reply, write(edit(chunks, reply)), signal));
    return new Response(text.pipeThrough(new TextEncoderStream()), {
      headers: { 'content-type': 'text/event-stream', 'x-request-id': 'req_upstream' },
    });
  };

  const complete = async (request: Request, signal: AbortSignal | null): Promise<Response> => {
    const body = parseChat(await request.json());
    if ('status' in body) return reject(body);
    const credentials = request.headers.get('authorization');
    if (apiKey !== null && credentials !== `Bearer ${apiKey}`) {
      const message = `Incorrect API key provided: ${credentials?.slice(7)}.`;
      return chatError(401, { message, code: 'invalid_api_key' });
    }
    requests.push({ url: request.url, headers: request.headers, body });
    const error = server.reject?.(body) ?? null;
    if (error !== null) return error;
    const rejection = checkChat(body);
    if (rejection !== null) return reject(rejection);
    const reply = replies.shift();
    if (reply !== undefined) return respond(reply, body, signal);
    const message = 'No reply is queued for this request.';
    return reject({ status: 400, message, param: null, code: null });
  };

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const signal = init?.signal ?? null;
    if (signal?.aborted === true) throw aborted();
    const { pathname } = new URL(request.url);
    if (pathname.endsWith('/chat/completions')) return complete(request, signal);
    if (pathname.endsWith('/responses')) responsesAttempts += 1;
    const responses = pathname.endsWith('/responses') ? server.responses?.() : undefined;
    return responses ?? notFound(pathname);
  };

  return {
    fetch,
    rejections,
    requests,
    /** Queues replies, one for each request. */
    respondWith: (...newReplies: Reply[]) => void replies.push(...newReplies),
    /** The number of requests to `/responses`. */
    responsesAttempts: () => responsesAttempts,
    /** The body of the request number `index`, the last by default. */
    sent(index = -1): ChatRequest {
      const request = requests.at(index);
      if (request === undefined) throw new Error(`the upstream got no request ${index}`);
      return request.body;
    },
  };
}
