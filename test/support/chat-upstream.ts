import { checkChat, type ChatRequest, parseChat } from './chat-request.ts';
import type { Reply } from './chat-replies.ts';
import type { Refusal } from './upstream-check.ts';
import { pieces } from './upstream-events.ts';

type Usage = NonNullable<Reply['usage']>;
interface Piece {
  readonly role?: 'assistant';
  readonly content?: unknown;
  readonly refusal?: string;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly tool_calls?: readonly object[];
}

/** One chunk of a stream, as OpenAI itself sends it. */
export interface Chunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: 0;
    readonly delta: Piece;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: object | null;
}

/** How a server differs from OpenAI's own. */
export interface ChatServer {
  /** What it answers instead, if it does not like a request. */
  readonly refuse?: (body: ChatRequest) => Response | null;
  /** Its chunks in place of the real ones. */
  readonly edit?: (chunks: Chunk[], reply: Reply) => readonly object[];
  /** The text of its stream. */
  readonly write?: (chunks: readonly object[]) => string;
  /** Its whole answer, in place of a stream. */
  readonly answer?: (reply: Reply) => Response;
  /** What it says to `POST /responses`. */
  readonly responses?: () => Response;
}

const toUsage = ([input, output, cached = 0, thought = 0]: Usage) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: thought, audio_tokens: 0 },
});

function toPieces({
  text: said = '',
  refusal: refused = '',
  thought = '',
  calls = [],
}: Reply): Piece[] {
  return [
    { role: 'assistant', content: '' },
    ...pieces(thought).map((reasoning_content) => ({ reasoning_content })),
    ...pieces(said).map((content) => ({ content })),
    ...pieces(refused).map((refusal) => ({ refusal })),
    ...calls.flatMap(({ id, name, args }, index) => [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
      ...pieces(args).map((more) => ({
        tool_calls: [{ index, function: { arguments: more } }],
      })),
    ]),
  ];
}

/** The chunks of an answer. */
export function chunksOf(reply: Reply, body: Pick<ChatRequest, 'model' | 'stream_options'>) {
  const { usage = [10, 5], cut, calls = [] } = reply;
  const asked = body.stream_options !== undefined;
  const rest = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk' as const,
    created: 1_790_000_000,
    model: body.model,
  };
  const chunk = (delta: Piece, finish_reason: string | null = null): Chunk => ({
    ...rest,
    choices: [{ index: 0, delta, finish_reason }],
    ...(asked ? { usage: null } : {}),
  });
  const reason = cut ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  const chunks = [...toPieces(reply).map((piece) => chunk(piece)), chunk({}, reason)];
  const counted = { ...rest, choices: [], usage: toUsage(usage ?? [0, 0]) };
  return asked && usage !== null ? [...chunks, counted] : chunks;
}

export const writeEvents = (chunks: readonly object[], done = 'data: [DONE]\n\n'): string =>
  chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') + done;

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
  /** The key it asks for; null: none. */
  readonly apiKey?: string | null;
  readonly server?: ChatServer;
}

const notFound = (path: string): Response =>
  chatError(404, { message: `Invalid URL (POST ${path})`, param: null, code: null });

/** A model endpoint that speaks Chat Completions, tells what it was sent and answers what it is told. */
export function createChatUpstream({ apiKey = null, server = {} }: UpstreamOptions = {}) {
  const replies: Reply[] = [];
  const requests: { url: string; headers: Headers; body: ChatRequest }[] = [];
  const refusals: Refusal[] = [];
  let tried = 0;

  const refuse = (refusal: Refusal): Response => {
    refusals.push(refusal);
    const { status, ...error } = refusal;
    return chatError(status, error);
  };

  const answer = (reply: Reply, body: ChatRequest, signal: AbortSignal | null): Response => {
    if (reply.unreachable !== undefined) throw new TypeError(reply.unreachable);
    if (reply.http !== undefined) return httpError(reply.http);
    if (server.answer !== undefined) return server.answer(reply);
    const chunks = chunksOf(reply, body);
    const { edit = (unchanged) => unchanged, write = writeEvents } = server;
    const text = ReadableStream.from(stream(reply, write(edit(chunks, reply)), signal));
    return new Response(text.pipeThrough(new TextEncoderStream()), {
      headers: { 'content-type': 'text/event-stream', 'x-request-id': 'req_upstream' },
    });
  };

  const complete = async (request: Request, signal: AbortSignal | null): Promise<Response> => {
    const body = parseChat(await request.json());
    if ('status' in body) return refuse(body);
    const given = request.headers.get('authorization');
    if (apiKey !== null && given !== `Bearer ${apiKey}`) {
      const message = `Incorrect API key provided: ${given?.slice(7)}.`;
      return chatError(401, { message, code: 'invalid_api_key' });
    }
    requests.push({ url: request.url, headers: request.headers, body });
    const refused = server.refuse?.(body) ?? null;
    if (refused !== null) return refused;
    const refusal = checkChat(body);
    if (refusal !== null) return refuse(refusal);
    const reply = replies.shift();
    if (reply !== undefined) return answer(reply, body, signal);
    return refuse({ status: 400, message: 'Not told what to answer.', param: null, code: null });
  };

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const signal = init?.signal ?? null;
    if (signal?.aborted === true) throw aborted();
    const { pathname } = new URL(request.url);
    if (pathname.endsWith('/chat/completions')) return complete(request, signal);
    if (pathname.endsWith('/responses')) tried += 1;
    const responses = pathname.endsWith('/responses') ? server.responses?.() : undefined;
    return responses ?? notFound(pathname);
  };

  return {
    fetch,
    refusals,
    requests,
    /** Queues answers, one a request. */
    respondWith: (...more: Reply[]) => void replies.push(...more),
    /** How often it was asked for Responses. */
    triedResponses: () => tried,
    /** The body of the request number `index`, the last by default. */
    sent(index = -1): ChatRequest {
      const request = requests.at(index);
      if (request === undefined) throw new Error(`the upstream got no request ${index}`);
      return request.body;
    },
  };
}
