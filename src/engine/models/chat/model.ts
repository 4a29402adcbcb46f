import type OpenAI from 'openai';
import { randomIds } from '../../../shared/ids.ts';
import { type Ids } from '../../../shared/ids.ts';
import { createDialectNegotiator } from './dialect.ts';
import { withImageUrls } from './images.ts';
import { toChatParams } from './request.ts';
import { type ChatChunk, ChatStreamReader } from './stream-reader.ts';
import {
  createEndpointClient,
  type EndpointOptions,
  isOpenAI,
  noTimeout,
  secretsOf,
  whyUnavailable,
} from '../endpoint.ts';
import { readSseData } from '../sse-reader.ts';
import type { EndpointFiles } from '../endpoint-files.ts';
import { functionsOnly } from '../tool-support.ts';
import { type Model, type ModelEvent, ModelFailure, type ModelRequest } from '../model.ts';
import { functionCalls } from '../past-turns.ts';
import { toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

export interface ChatOptions extends EndpointOptions {
  /** Where images are that messages name by file; null: there are none. */
  readonly files: EndpointFiles | null;
  readonly ids?: Ids;
}

const notChat = new ModelFailure(
  'server_error',
  'The model endpoint answered with a web page: its base URL may lack a part such as /v1.',
);

/** The pieces of an answer; null when the server says that it is done. */
async function* readChunks(answer: Response): AsyncGenerator<ChatChunk | null> {
  const type = answer.headers.get('content-type') ?? '';
  if (type.includes('html')) {
    await answer.body?.cancel();
    throw notChat;
  }
  if (type.includes('json')) {
    // Some servers do not stream, whatever they are asked.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reader expects anything
    const whole = (await answer.json()) as ChatChunk;
    yield whole;
    if (whole.choices !== undefined) yield null;
    return;
  }
  if (answer.body === null) return;
  for await (const data of readSseData(answer.body)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the reader expects anything
    yield data === '[DONE]' ? null : ((JSON.parse(data) ?? {}) as ChatChunk);
  }
}

/** Calls the model, in the manner that it is known to understand. */
function createCaller(client: OpenAI, options: ChatOptions) {
  const translate = createDialectNegotiator(isOpenAI(options));
  return async ({ signal, ...request }: ModelRequest) => {
    const controller = new AbortController();
    const either = AbortSignal.any([signal, controller.signal]);
    const messages = await withImageUrls(request.messages, options.files, signal);
    const answer = await translate(request.settings.model, (dialect) => {
      const params = toChatParams({ ...request, messages, signal }, dialect);
      return client.chat.completions.create(params, { signal: either }).asResponse();
    });
    return { headers: answer.headers, chunks: Object.assign(readChunks(answer), { controller }) };
  };
}

/** Passes an answer on to its end; once the model has ended, its connection may as it likes. */
async function* readToEnd(
  chunks: Parameters<typeof readUntil<ChatChunk | null>>[0],
  reader: ChatStreamReader,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  try {
    for await (const chunk of readUntil(chunks, () => reader.isDone)) {
      yield { type: 'heartbeat' };
      yield* reader.read(chunk);
    }
  } catch (error) {
    if (!reader.hasEnded || signal.aborted) throw error;
  }
}

/**
 * Runs assistants on Chat Completions (contract §9), with the oddities of the servers that speak it:
 * what may be missing, come twice or in another shape is taken as it was meant.
 */
export function createChatModel(options: ChatOptions): Model {
  const { ids = randomIds } = options;
  const secrets = secretsOf(options);
  const open = createCaller(createEndpointClient(options, noTimeout), options);
  const refusal = functionsOnly('Chat Completions');
  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: refusal,
    async *respond(request) {
      // Who made the run may have known of another API only.
      const { tools, tool_choice } = request.settings;
      const lacking = tool_choice === 'none' ? null : await refusal(tools);
      if (lacking !== null) throw new ModelFailure('server_error', lacking);
      let requestId: string | null = null;
      try {
        const { chunks, headers } = await open(request);
        requestId = headers.get('x-request-id');
        const reader = new ChatStreamReader(headers);
        yield* readToEnd(chunks, reader, request.signal);
        const used = request.turns.flatMap(({ items }) => functionCalls(items).map(({ id }) => id));
        yield* reader.finish(ids, new Set(used));
      } catch (error) {
        throw toModelFailure(error, requestId, secrets);
      }
    },
  };
}
