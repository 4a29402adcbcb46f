import * as z from 'zod';
import {
  chatError,
  type ChatServer,
  type Chunk,
  writeEvents,
} from '../../support/chat-upstream.ts';
import type { Reply } from '../../support/chat-replies.ts';

/** A server as it really speaks, where that differs from OpenAI. */
export interface Row {
  readonly name: string;
  readonly baseURL: string;
  readonly server: ChatServer;
  /** Whether its usage arrives. */
  readonly counts: boolean;
}

type Choice = Chunk['choices'][number];
type Delta = Choice['delta'];

const withDelta = (chunk: Chunk, change: (delta: Delta) => object): object => ({
  ...chunk,
  choices: chunk.choices.map((choice) => ({ ...choice, delta: change(choice.delta) })),
});

const isCall = ({ choices }: Chunk) => choices[0]?.delta.tool_calls !== undefined;

/** The chunks with each call whole in one of them, as `toPiece` makes it. */
const wholeCalls =
  (toPiece: (call: NonNullable<Reply['calls']>[number], index: number) => object) =>
  (chunks: Chunk[], { calls = [] }: Reply): object[] => {
    const first = chunks.findIndex(isCall);
    if (first === -1) return chunks;
    const made = calls.map((call, index) =>
      withDelta(chunks[0] ?? fail(), () => ({ content: '', tool_calls: [toPiece(call, index)] })),
    );
    return [
      ...chunks.slice(0, first),
      ...made,
      ...chunks.slice(first).filter((harness) => !isCall(harness)),
    ];
  };

function fail(): never {
  throw new Error('a stream has a first chunk');
}

const endsWith =
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
    wholeCalls(({ name, args }) => ({
      // Every call has the same index, and older versions give no ids.
      index: 0,
      id: '',
      type: 'function',
      function: { name, arguments: args },
    }))(chunks.map(endsWith('stop')), reply),
  responses: () => new Response('404 page not found', { status: 404 }),
};

const vllm: ChatServer = {
  // Templates of many models take nothing but users and assistants in turn.
  refuse: ({ messages }) => {
    const roles = messages.map(({ role }) => role);
    if (!roles.some((role, index) => role === roles[index - 1] && role !== 'tool')) return null;
    const message = 'Conversation roles must alternate user/assistant/user/assistant/...';
    return Response.json(
      { object: 'error', message, type: 'BadRequestError', param: null, code: 400 },
      { status: 400 },
    );
  },
  // The cumulated usage is on every chunk.
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
  edit: wholeCalls(({ name, args }, index) => ({
    index,
    id: String(380_000_000 + index),
    type: 'function',
    function: { name, arguments: args },
  })),
  responses: () => Response.json({ error: 'Unexpected endpoint or method. (POST /v1/responses)' }),
};

const litellm: ChatServer = {
  // Parameters that the provider behind it lacks are refused.
  refuse: ({ stream_options }) =>
    stream_options === undefined
      ? null
      : chatError(400, {
          message:
            "litellm.UnsupportedParamsError: snowflake does not support parameters: ['stream_options'], for model=llama",
          param: null,
          code: '400',
        }),
  // Ids come again with every piece.
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
  // The usage is where nobody else has it.
  edit: (chunks) =>
    chunks.map(({ usage, ...chunk }) =>
      usage === undefined || usage === null ? chunk : { ...chunk, x_groq: { id: 'req_1', usage } },
    ),
  refuse: ({ messages }) => {
    const index = messages.findIndex((message) => 'reasoning_content' in message);
    if (index === -1) return null;
    const message = `'messages.${index}' : for 'role:assistant' the following must be satisfied[('messages.${index}' : property 'reasoning_content' is unsupported)]`;
    return chatError(400, { message });
  },
  responses: () => chatError(501, { message: 'Unknown request URL.', code: 'unknown_url' }),
};

const deepSeek: ChatServer = {
  // A model that thought before it called is to be told what it thought.
  refuse: ({ messages }) => {
    const isForgotten = messages.some(
      (message) => 'tool_calls' in message && !message.reasoning_content,
    );
    if (!isForgotten) return null;
    const message = 'The `reasoning_content` in the thinking mode must be passed back to the API.';
    return chatError(400, { message, code: 'invalid_request_error' });
  },
  write: (chunks) => `: keep-alive\n\n${writeEvents(chunks)}`,
  responses: () => new Response('', { status: 404 }),
};

const azure: ChatServer = {
  refuse: ({ max_tokens }) =>
    max_tokens === undefined
      ? null
      : chatError(400, {
          message:
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          param: 'max_tokens',
          code: 'unsupported_parameter',
        }),
  // The first chunk judges the prompt and has no choices, the last one judges the answer.
  edit: (chunks) => [
    { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [] },
    ...chunks,
  ],
};

const inParts = (chunk: Chunk): Chunk => ({
  ...chunk,
  choices: chunk.choices.map(({ delta, ...choice }) => ({
    ...choice,
    delta: delta.content ? { content: [{ type: 'text', text: delta.content }] } : delta,
  })),
});

const careless: ChatServer = {
  // No index, arguments as objects, content in parts, no reason to end, and CRLF.
  edit: (chunks, reply) =>
    wholeCalls(({ id, name, args }) => ({
      id,
      type: 'function',
      function: { name, arguments: z.json().parse(JSON.parse(args)) },
    }))(chunks.map(endsWith(null)).map(inParts), reply),
  write: (chunks) => writeEvents(chunks).replaceAll('\n', '\r\n'),
  responses: () => new Response('<!doctype html><title>404</title>', { headers: html }),
};

const html = { 'content-type': 'text/html' };

const unstreaming: ChatServer = {
  answer: ({ text: said = null, calls = [] }) =>
    Response.json({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: said,
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
  // What it has at that place speaks another API.
  responses: () => new Response(writeEvents([{ choices: [] }]), { headers: events }),
};

const events = { 'content-type': 'text/event-stream' };

const impatient: ChatServer = {
  // No [DONE], no ids, and the usage before the end.
  edit: (chunks, { calls = [] }) => {
    const [usage, last] = [chunks.at(-1), chunks.at(-2)];
    const rest = chunks.slice(0, -2).map((chunk) =>
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
    return [...rest, { ...last, usage: usage?.usage }];
  },
  write: (chunks) => writeEvents(chunks, ''),
  responses: () => new Response(null, { status: 405 }),
};

export const rows: readonly Row[] = [
  { name: 'Ollama', baseURL: 'http://localhost:11434/v1', server: ollama, counts: true },
  { name: 'vLLM', baseURL: 'http://localhost:8000/v1', server: vllm, counts: true },
  { name: 'llama.cpp', baseURL: 'http://localhost:8080/v1', server: llamaCpp, counts: true },
  { name: 'LM Studio', baseURL: 'http://localhost:1234/v1', server: lmStudio, counts: true },
  { name: 'LiteLLM', baseURL: 'http://localhost:4000/', server: litellm, counts: false },
  { name: 'OpenRouter', baseURL: 'https://openrouter.ai/api/v1', server: openRouter, counts: true },
  { name: 'Groq', baseURL: 'https://api.groq.com/openai/v1', server: groq, counts: true },
  { name: 'DeepSeek', baseURL: 'https://api.deepseek.com', server: deepSeek, counts: true },
  {
    name: 'Azure',
    baseURL: 'https://acme.openai.azure.com/openai/v1/',
    server: azure,
    counts: true,
  },
  { name: 'a careless server', baseURL: 'http://localhost:1/v1', server: careless, counts: true },
  {
    name: 'a server that does not stream',
    baseURL: 'http://localhost:2/v1',
    server: unstreaming,
    counts: true,
  },
  {
    name: 'an impatient server',
    baseURL: 'http://localhost:3/v1',
    server: impatient,
    counts: true,
  },
];
