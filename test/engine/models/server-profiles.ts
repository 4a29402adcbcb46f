import * as z from 'zod';
import {
  chatError,
  type ChatServer,
  type Chunk,
  writeEvents,
} from '../../support/chat-upstream.ts';
import type { Reply } from '../../support/chat-replies.ts';

/** A server of Chat Completions and how it differs from OpenAI's. */
export interface ServerProfile {
  readonly name: string;
  readonly baseURL: string;
  readonly server: ChatServer;
  /** Whether its responses carry no token counts. */
  readonly omitsUsage?: true;
}

type Choice = Chunk['choices'][number];
type Delta = Choice['delta'];

const withDelta = (chunk: Chunk, change: (delta: Delta) => object): object => ({
  ...chunk,
  choices: chunk.choices.map((choice) => ({ ...choice, delta: change(choice.delta) })),
});

const isCall = ({ choices }: Chunk) => choices[0]?.delta.tool_calls !== undefined;

/** Sends each function call in one chunk, in the form of `toToolCall`. */
const unsplitCalls =
  (toToolCall: (call: NonNullable<Reply['calls']>[number], index: number) => object) =>
  (chunks: Chunk[], { calls = [] }: Reply): object[] => {
    const first = chunks.findIndex(isCall);
    if (first === -1) return chunks;
    const callChunks = calls.map((call, index) =>
      withDelta(chunks[0] ?? fail(), () => ({
        content: '',
        tool_calls: [toToolCall(call, index)],
      })),
    );
    return [
      ...chunks.slice(0, first),
      ...callChunks,
      ...chunks.slice(first).filter((chunk) => !isCall(chunk)),
    ];
  };

function fail(): never {
  throw new Error('a stream has a first chunk');
}

const withFinishReason =
  (reason: string | null) =>
  (chunk: Chunk): Chunk => ({
    ...chunk,
    choices: chunk.choices.map((choice) => ({
      ...choice,
      finish_reason: choice.finish_reason === null ? null : reason,
    })),
  });

const ollama: ChatServer = {
  edit: (chunks, reply) =>
    unsplitCalls(({ name, args }) => ({
      // Every call has index 0, and older versions send no ids.
      index: 0,
      id: '',
      type: 'function',
      function: { name, arguments: args },
    }))(chunks.map(withFinishReason('stop')), reply),
  responses: () => new Response('404 page not found', { status: 404 }),
};

const vllm: ChatServer = {
  // Many chat templates require that user and assistant messages alternate.
  reject: ({ messages }) => {
    const roles = messages.map(({ role }) => role);
    if (!roles.some((role, index) => role === roles[index - 1] && role !== 'tool')) return null;
    const message = 'Conversation roles must alternate user/assistant/user/assistant/...';
    return Response.json(
      { object: 'error', message, type: 'BadRequestError', param: null, code: 400 },
      { status: 400 },
    );
  },
  // Every chunk carries the usage so far.
  edit: (chunks) =>
    chunks.map((chunk, index) => ({
      ...chunk,
      usage: chunk.usage ?? {
        prompt_tokens: 10,
        completion_tokens: index,
        total_tokens: 10 + index,
      },
    })),
  responses: () => Response.json({ detail: 'Not Found' }, { status: 404 }),
};

const llamaCpp: ChatServer = {
  edit: (chunks) =>
    chunks.map((chunk, index) =>
      index === 0 ? withDelta(chunk, () => ({ role: 'assistant', content: null })) : chunk,
    ),
  responses: () =>
    Response.json(
      { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } },
      { status: 404 },
    ),
};

const lmStudio: ChatServer = {
  edit: unsplitCalls(({ name, args }, index) => ({
    index,
    id: String(380_000_000 + index),
    type: 'function',
    function: { name, arguments: args },
  })),
  responses: () => Response.json({ error: 'Unexpected endpoint or method. (POST /v1/responses)' }),
};

const litellm: ChatServer = {
  // Rejects parameters that the provider behind it does not support.
  reject: ({ stream_options }) =>
    stream_options === undefined
      ? null
      : chatError(400, {
          message:
            "litellm.UnsupportedParamsError: snowflake does not support parameters: ['stream_options'], for model=llama",
          param: null,
          code: '400',
        }),
  // Repeats the call id in every piece.
  edit: (chunks, { calls = [] }) =>
    chunks.map((chunk) =>
      withDelta(chunk, (delta) => ({
        ...delta,
        ...(delta.tool_calls && {
          tool_calls: delta.tool_calls.map((piece) => ({
            ...piece,
            id: calls[Number(Reflect.get(piece, 'index'))]?.id,
          })),
        }),
      })),
    ),
  responses: () => new Response('Method Not Allowed', { status: 405 }),
};

const openRouter: ChatServer = {
  edit: (chunks) =>
    chunks.map((chunk) => withDelta(chunk, (delta) => ({ ...delta, reasoning: 'Hm. ' }))),
  write: (chunks) => `: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n${writeEvents(chunks)}`,
  responses: () => chatError(404, { message: 'No endpoints found.', code: 404 }),
};

const groq: ChatServer = {
  // Sends the usage in `x_groq`.
  edit: (chunks) =>
    chunks.map(({ usage, ...chunk }) =>
      usage === undefined || usage === null ? chunk : { ...chunk, x_groq: { id: 'req_1', usage } },
    ),
  reject: ({ messages }) => {
    const index = messages.findIndex((message) => 'reasoning_content' in message);
    if (index === -1) return null;
    const message = `'messages.${index}' : for 'role:assistant' the following must be satisfied[('messages.${index}' : property 'reasoning_content' is unsupported)]`;
    return chatError(400, { message });
  },
  responses: () => chatError(501, { message: 'Unknown request URL.', code: 'unknown_url' }),
};

const deepSeek: ChatServer = {
  // Requires the reasoning of earlier calls.
  reject: ({ messages }) => {
    const lacksReasoning = messages.some(
      (message) => 'tool_calls' in message && !message.reasoning_content,
    );
    if (!lacksReasoning) return null;
    const message = 'The `reasoning_content` in the thinking mode must be passed back to the API.';
    return chatError(400, { message, code: 'invalid_request_error' });
  },
  write: (chunks) => `: keep-alive\n\n${writeEvents(chunks)}`,
  responses: () => new Response('', { status: 404 }),
};

const azure: ChatServer = {
  reject: ({ max_tokens }) =>
    max_tokens === undefined
      ? null
      : chatError(400, {
          message:
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          param: 'max_tokens',
          code: 'unsupported_parameter',
        }),
  // The first chunk has the content filter's result for the prompt and no choices.
  edit: (chunks) => [
    { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [] },
    ...chunks,
  ],
};

const withContentParts = (chunk: Chunk): Chunk => ({
  ...chunk,
  choices: chunk.choices.map(({ delta, ...choice }) => ({
    ...choice,
    delta: delta.content ? { content: [{ type: 'text', text: delta.content }] } : delta,
  })),
});

const nonConforming: ChatServer = {
  // No index, arguments as objects, content in parts, no finish_reason, and CRLF.
  edit: (chunks, reply) =>
    unsplitCalls(({ id, name, args }) => ({
      id,
      type: 'function',
      function: { name, arguments: z.json().parse(JSON.parse(args)) },
    }))(chunks.map(withFinishReason(null)).map(withContentParts), reply),
  write: (chunks) => writeEvents(chunks).replaceAll('\n', '\r\n'),
  responses: () => new Response('<!doctype html><title>404</title>', { headers: htmlHeaders }),
};

const htmlHeaders = { 'content-type': 'text/html' };

const withoutStreaming: ChatServer = {
  respond: ({ text = null, calls = [] }) =>
    Response.json({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: text,
            ...(calls.length > 0 && {
              tool_calls: calls.map(({ id, name, args }) => ({
                id,
                type: 'function',
                function: { name, arguments: args },
              })),
            }),
          },
          finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
        },
      ],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    }),
  // Its `/responses` path belongs to another API.
  responses: () => new Response(writeEvents([{ choices: [] }]), { headers: eventStreamHeaders }),
};

const eventStreamHeaders = { 'content-type': 'text/event-stream' };

const withoutEndMarker: ChatServer = {
  // No [DONE], no ids, and the usage in the chunk with finish_reason.
  edit: (chunks, { calls = [] }) => {
    const [usage, last] = [chunks.at(-1), chunks.at(-2)];
    const earlier = chunks.slice(0, -2).map((chunk) =>
      withDelta(chunk, (delta) => ({
        ...delta,
        ...(delta.tool_calls && {
          tool_calls: delta.tool_calls.map((piece) => ({
            ...piece,
            id: calls.length > 1 ? null : undefined,
          })),
        }),
      })),
    );
    return [...earlier, { ...last, usage: usage?.usage }];
  },
  write: (chunks) => writeEvents(chunks, ''),
  responses: () => new Response(null, { status: 405 }),
};

export const serverProfiles: readonly ServerProfile[] = [
  { name: 'Ollama', baseURL: 'http://localhost:11434/v1', server: ollama },
  { name: 'vLLM', baseURL: 'http://localhost:8000/v1', server: vllm },
  { name: 'llama.cpp', baseURL: 'http://localhost:8080/v1', server: llamaCpp },
  { name: 'LM Studio', baseURL: 'http://localhost:1234/v1', server: lmStudio },
  { name: 'LiteLLM', baseURL: 'http://localhost:4000/', server: litellm, omitsUsage: true },
  { name: 'OpenRouter', baseURL: 'https://openrouter.ai/api/v1', server: openRouter },
  { name: 'Groq', baseURL: 'https://api.groq.com/openai/v1', server: groq },
  { name: 'DeepSeek', baseURL: 'https://api.deepseek.com', server: deepSeek },
  { name: 'Azure', baseURL: 'https://acme.openai.azure.com/openai/v1/', server: azure },
  {
    name: 'a server that deviates in five ways',
    baseURL: 'http://localhost:1/v1',
    server: nonConforming,
  },
  {
    name: 'a server that does not stream',
    baseURL: 'http://localhost:2/v1',
    server: withoutStreaming,
  },
  {
    name: 'a server without [DONE] and ids',
    baseURL: 'http://localhost:3/v1',
    server: withoutEndMarker,
  },
];
