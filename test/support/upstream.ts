import type OpenAI from 'openai';
import { check, parse, reasoningOf, type Rejection } from './upstream-check.ts';
import { frame, streamEvents, type StreamEvent } from './upstream-events.ts';
import { textMessage, upstreamId } from './upstream-items.ts';
import type { ResponsesRequest } from './upstream-request.ts';

type Item = OpenAI.Responses.ResponseOutputItem;

/** A point at which the upstream's streams wait until the test opens it. */
export interface Gate {
  /** Resolves when the expected number of streams wait at the gate. */
  readonly reached: Promise<void>;
  open(): void;
  /** Resolves when the gate is open. */
  pass(): Promise<void>;
}

export function createGate(streams = 1): Gate {
  let waiting = 0;
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: opened.resolve,
    pass: () => {
      waiting += 1;
      if (waiting === streams) reached.resolve();
      return opened.promise;
    },
  };
}

type Usage = readonly [input: number, output: number, cached?: number, reasoning?: number];

/** The upstream's response to one request. */
export interface Turn {
  readonly output?: readonly Item[];
  /** Tokens; null: the response carries no usage. */
  readonly usage?: Usage | null;
  readonly incomplete?: 'max_output_tokens' | 'content_filter';
  readonly failed?: { readonly code: string; readonly message: string };
  /** An `error` event instead of the end: flat as documented, or in an envelope as also seen. */
  readonly errorEvent?:
    | { readonly code: string | null; readonly message: string }
    | {
        readonly error: { readonly code: string | null; readonly message: string };
      };
  /** An HTTP error instead of a stream. */
  readonly http?: {
    readonly status: number;
    /** The error object, or a text that is not JSON. */
    readonly error: object | string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  /** The error of the connection, which fails before any response. */
  readonly unreachable?: string;
  /** Where to wait at `gate`: before the `response`, or before an event; default: the last event. */
  readonly before?: StreamEvent['type'] | 'response';
  readonly gate?: Gate;
  /** Converts OpenAI's events into those of another server. */
  readonly edit?: (events: StreamEvent[]) => StreamEvent[];
  /** The stream fails (`error`) or stops (`end`) before an event of that type. */
  readonly broken?: { readonly how: 'error' | 'end'; readonly before: StreamEvent['type'] };
}

export interface UpstreamRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: ResponsesRequest;
  readonly signal: AbortSignal | null;
}

export interface Upstream {
  readonly fetch: typeof fetch;
  readonly requests: UpstreamRequest[];
  /** Invalid requests; the harness fails a test that leaves any. */
  readonly rejections: Rejection[];
  /** Queues turns, one for each request. */
  respondWith(...turns: Turn[]): void;
  /** The body of the request number `index`, the last by default. */
  sent(index?: number): ResponsesRequest;
}

interface UpstreamOptions {
  /** Whether it checks what only OpenAI checks; true by default. */
  readonly isOpenAI?: boolean;
  /** The API key that requests need; null: none. */
  readonly apiKey: string | null;
  /** The turn if none is queued; absent: such a request is rejected. */
  readonly defaultTurn?: (body: ResponsesRequest) => Turn;
  /** Whether to reject encrypted reasoning, like models without reasoning. */
  readonly rejectEncryptedContent?: boolean;
}

const toUsage = ([input, output, cached = 0, reasoning = 0]: Usage) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: cached },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: input + output,
});

export function toResponse(turn: Turn, body: ResponsesRequest): OpenAI.Responses.Response {
  const { output = [textMessage('Hello.')], usage = [10, 5], failed, incomplete } = turn;
  const response = {
    id: upstreamId('resp'),
    object: 'response',
    created_at: 1_790_000_000,
    status: failed ? 'failed' : incomplete ? 'incomplete' : 'completed',
    background: false,
    error: failed ?? null,
    incomplete_details: incomplete ? { reason: incomplete } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: body.model,
    output: failed ? [] : output,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    metadata: {},
    ...(usage === null ? {} : { usage: toUsage(usage) }),
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's type has fields that it adds itself
  return response as unknown as OpenAI.Responses.Response;
}

const aborted = () => new DOMException('This operation was aborted', 'AbortError');

const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal | null): Promise<T> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(aborted());
    signal?.addEventListener('abort', () => reject(aborted()), { once: true });
    work.then(resolve, reject);
  });

async function* stream(
  turn: Turn,
  response: OpenAI.Responses.Response,
  signal: AbortSignal | null,
) {
  let gate = turn.gate;
  const { edit = (unchanged) => unchanged } = turn;
  const events = edit(streamEvents(response));
  for (const [index, event] of events.entries()) {
    const isLast = index === events.length - 1;
    if (turn.broken?.before === event.type) {
      if (turn.broken.how === 'error') throw new TypeError('terminated');
      return;
    }
    if (gate !== undefined && (turn.before === event.type || (isLast && !turn.before))) {
      await unlessAborted(gate.pass(), signal);
      gate = undefined;
    }
    if (isLast && turn.errorEvent !== undefined) {
      const error = { type: 'error', ...turn.errorEvent, param: null, sequence_number: index };
      yield frame(error);
      return;
    }
    yield await unlessAborted(Promise.resolve(frame(event)), signal);
  }
}

const errorResponse = (
  { status, ...error }: Rejection | { status: number; [key: string]: unknown },
  headers: Readonly<Record<string, string>> = {},
) =>
  Response.json(
    { error: { type: status >= 500 ? 'server_error' : 'invalid_request_error', ...error } },
    { status, headers: { 'x-request-id': 'req_upstream', 'x-should-retry': 'false', ...headers } },
  );

function httpErrorResponse({ status, error, headers }: NonNullable<Turn['http']>): Response {
  if (typeof error === 'object') return errorResponse({ status, ...error }, headers);
  const type = { 'content-type': 'text/html', 'x-should-retry': 'false', ...headers };
  return new Response(error, { status, headers: type });
}

function checkKey(headers: Headers, apiKey: string | null): Rejection | null {
  if (apiKey === null) return null;
  const key = headers.get('authorization')?.replace('Bearer ', '') ?? '';
  if (key === apiKey) return null;
  const masked = `${key.slice(0, 7)}****${key.slice(-4)}`;
  const message = `Incorrect API key provided: ${masked}. You can find your API key at https://platform.openai.com/account/api-keys.`;
  return { status: 401, message, param: null, code: 'invalid_api_key' };
}

/** A fake endpoint of the Responses API: records requests and sends the queued turns. */
export function createUpstream({ apiKey, defaultTurn, ...options }: UpstreamOptions): Upstream {
  const turns: Turn[] = [];
  const requests: UpstreamRequest[] = [];
  const rejections: Rejection[] = [];
  const reasoning = new Map<string, string>();

  const checkRequest = ({ body, headers }: UpstreamRequest): Rejection | null => {
    if (
      options.rejectEncryptedContent === true &&
      body.include?.includes('reasoning.encrypted_content')
    ) {
      const message = 'Encrypted content is not supported with this model.';
      return { status: 400, message, param: 'include', code: null };
    }
    const rejection = check(body, reasoning, options.isOpenAI);
    if (rejection !== null) rejections.push(rejection);
    return checkKey(headers, apiKey) ?? rejection;
  };

  const respond = (turn: Turn, { body, signal }: UpstreamRequest): Response => {
    if (turn.unreachable !== undefined) throw new TypeError(turn.unreachable);
    if (turn.http !== undefined) return httpErrorResponse(turn.http);
    const response = toResponse(turn, body);
    for (const [id, reasoningId] of reasoningOf(response.output)) reasoning.set(id, reasoningId);
    const text = ReadableStream.from(stream(turn, response, signal));
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      'x-request-id': 'req_upstream',
    };
    return new Response(text.pipeThrough(new TextEncoderStream()), { headers });
  };

  return {
    requests,
    rejections,
    respondWith: (...newTurns) => void turns.push(...newTurns),
    sent(index = -1) {
      const request = requests.at(index);
      if (request === undefined) throw new Error(`the upstream got no request ${index}`);
      return request.body;
    },
    async fetch(input, init) {
      const received = new Request(input, init);
      const { url, headers } = received;
      const signal = init?.signal ?? null;
      if (signal?.aborted === true) throw aborted();
      if (!url.endsWith('/responses')) {
        return errorResponse({
          status: 404,
          message: `Invalid URL (POST ${new URL(url).pathname})`,
        });
      }
      const body = parse(await received.json());
      if ('status' in body) {
        rejections.push(body);
        return errorResponse({ ...body });
      }
      const request = { url, headers, signal, body };
      const rejection = checkRequest(request);
      if (rejection?.param === 'include') return errorResponse({ ...rejection });
      requests.push(request);
      if (rejection !== null) return errorResponse({ ...rejection });
      const turn = turns.shift() ?? defaultTurn?.(request.body);
      if (turn === undefined) {
        const message = 'No turn is queued for this request.';
        const noTurn = { status: 400, message, param: null, code: null };
        rejections.push(noTurn);
        return errorResponse({ ...noTurn });
      }
      if (turn.gate !== undefined && turn.before === 'response') {
        await unlessAborted(turn.gate.pass(), signal);
      }
      return respond(turn, request);
    },
  };
}
