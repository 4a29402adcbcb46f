import type OpenAI from 'openai';
import { yieldIfOthersWait } from '../../../shared/clock.ts';
import { type Ids, randomIds } from '../../../shared/ids.ts';
import { withImageUrls } from '../images.ts';
import { toChatParams } from './request.ts';
import { type ChatChunk, toChunk } from './chunk.ts';
import { ChatStreamReader } from './stream-reader.ts';
import {
  createEndpointClient,
  isOpenAI,
  type ModelCallOptions,
  noTimeout,
  secretsOf,
  whyUnavailable,
} from '../endpoint.ts';
import { blameEndpoint, malformedAnswer, parseAnswer } from '../json-shape.ts';
import { endMarker, inOneBatch, jsonEventsIn, readJsonEvents, readText } from '../sse-reader.ts';
import type { EndpointFiles } from '../endpoint-files.ts';
import { functionsOnly } from '../tool-support.ts';
import {
  HostedToolsMissing,
  type Model,
  type ModelEvent,
  ModelFailure,
  type ModelRequest,
} from '../model.ts';
import type { Dialect } from '../dialect.ts';
import { createNegotiator } from '../negotiator.ts';
import { functionsOf, type Origin, originOf, usedCallIds } from '../past-turns.ts';
import { toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

export interface ChatOptions extends ModelCallOptions {
  /** Reads the image files of messages; null: the endpoint has no files. */
  readonly files: EndpointFiles | null;
  readonly ids?: Ids;
}

const webPageMessage =
  'The model endpoint returned a web page: check its base URL, which may lack a suffix such as /v1.';

/** The chunks of a response; null is the server's end marker. */
type Read = ChatChunk | null;

/** The completion of a server that does not stream, or says that it does not. */
function* toCompletion(texts: readonly string[]): Generator<Read> {
  for (const text of texts) {
    // Nothing was sent: the stream ended before the answer.
    if (text.trim() === '') continue;
    const events = jsonEventsIn(text);
    if (events !== null) {
      yield* toChunks(events);
      continue;
    }
    const completion = toChunk(parseAnswer(text, 'a response'), 'a response');
    yield completion;
    if (!completion.choices) throw malformedAnswer('a response without choices');
    yield null;
  }
}

function* toChunks(batch: Iterable<unknown>): Generator<Read> {
  for (const event of batch) yield event === endMarker ? null : toChunk(event, 'an event');
}

async function* readChunks({ headers, body }: Response): AsyncGenerator<Read[]> {
  const type = headers.get('content-type') ?? '';
  if (type.includes('html')) {
    await body?.cancel();
    throw new ModelFailure('server_error', webPageMessage);
  }
  if (type.includes('json')) {
    for await (const texts of readText(body)) {
      for (const read of inOneBatch(toCompletion(texts))) yield read;
    }
  } else if (body !== null) {
    for await (const batch of readJsonEvents(body)) {
      for (const read of inOneBatch(toChunks(batch))) yield read;
    }
  }
}

/** Opens a stream from the model. */
async function open(client: OpenAI, request: ModelRequest, dialect: Dialect, origin: Origin) {
  const controller = new AbortController();
  const signal = AbortSignal.any([request.signal, controller.signal]);
  await yieldIfOthersWait();
  const params = toChatParams(request, dialect, origin);
  const response = await client.chat.completions.create(params, { signal }).asResponse();
  const chunks = Object.assign(readChunks(response), { controller });
  return { headers: response.headers, chunks };
}

/** What a batch means; chunks after the end of the answer are ignored. */
function* readAll(reader: ChatStreamReader, batch: readonly Read[]): Generator<ModelEvent> {
  for (const chunk of batch) {
    if (reader.isDone) return;
    yield* reader.read(chunk);
  }
}

/** The events of a stream; errors after the end of the answer are ignored. */
async function* readToEnd(
  chunks: Parameters<typeof readUntil<Read[]>>[0],
  reader: ChatStreamReader,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent[]> {
  try {
    for await (const batch of readUntil(chunks, () => reader.isDone)) {
      for (const events of inOneBatch(blameEndpoint(readAll(reader, batch)))) yield events;
    }
  } catch (error) {
    if (!reader.hasEnded || signal.aborted) throw error;
  }
}

/**
 * Runs assistants on Chat Completions (contract §9). Tolerates what its servers omit, repeat or send
 * in another shape.
 */
export function createChatModel(options: ChatOptions): Model {
  const { ids = randomIds } = options;
  const secrets = secretsOf(options);
  const client = createEndpointClient(options, noTimeout);
  const respondInDialect = createNegotiator('chat', options, (request, dialect) =>
    toChatParams(request, dialect, originOf(options, request.settings.model)),
  );
  const unsupportedTools = functionsOnly('Chat Completions');
  return {
    unavailable: whyUnavailable(options),
    unsupportedTools,
    async *respond(request) {
      // When the run was created, another model API may have been configured.
      const { tools, tool_choice } = request.settings;
      const [unsupported] = await unsupportedTools(tools);
      const isSearched =
        request.canSearchFiles === true && tools.some(({ type }) => type === 'file_search');
      const mayDrop = options.dropsHostedTools === true && !isSearched;
      const mayGoOn = mayDrop || tool_choice === 'none';
      if (unsupported !== undefined && !mayGoOn) {
        throw new HostedToolsMissing(unsupported.reason);
      }
      let requestId: string | null = null;
      async function* attempt(adapted: ModelRequest, dialect: Dialect) {
        const origin = originOf(options, adapted.settings.model);
        const { chunks, headers } = await open(client, adapted, dialect, origin);
        requestId = headers.get('x-request-id');
        const reader = new ChatStreamReader({
          headers,
          origin,
          functions: functionsOf(adapted),
          readsCallsInText: !isOpenAI(options),
        });
        yield* readToEnd(chunks, reader, adapted.signal);
        yield* inOneBatch(blameEndpoint(reader.finish(ids, usedCallIds(adapted))));
      }
      try {
        const messages = await withImageUrls(request.messages, options.files, request.signal);
        yield* respondInDialect({ ...request, messages }, attempt);
      } catch (error) {
        throw toModelFailure(error, requestId, secrets);
      }
    },
  };
}
