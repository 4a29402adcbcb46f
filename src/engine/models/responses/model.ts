import type OpenAI from 'openai';
import { yieldIfOthersWait } from '../../../shared/clock.ts';
import {
  createEndpointClient,
  type ModelCallOptions,
  isOpenAI,
  noTimeout,
  secretsOf,
  whyUnavailable,
} from '../endpoint.ts';
import type { EndpointFiles } from '../endpoint-files.ts';
import { withLocalImageUrls } from '../images.ts';
import { blameEndpoint, parseAnswer } from '../json-shape.ts';
import type { Model, ModelRequest } from '../model.ts';
import type { Dialect } from '../dialect.ts';
import { createNegotiator } from '../negotiator.ts';
import { functionsOf, originOf, usedCallIds } from '../past-turns.ts';
import { endMarker, inOneBatch, readJsonEvents, readText } from '../sse-reader.ts';
import { toFinalEvent, UnknownApiReader } from './response-check.ts';
import { createGeneratedFileSaver, type RawEvent } from './generated-files.ts';
import { toStreamEvent } from './event-shape.ts';
import { toResponseParams } from './request.ts';
import { ResponsesStreamReader } from './stream-reader.ts';
import { toContainerExpired, toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

type Params = ReturnType<typeof toResponseParams>;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

/** An event; null is the server's end marker. */
type Read = StreamEvent | null;

/** The events of a batch up to the end marker, without those that mean nothing here. */
function* toStreamEvents(batch: readonly unknown[], headers: Headers): Generator<Read> {
  for (const value of batch) {
    if (value === endMarker) {
      yield null;
      return;
    }
    const event = toStreamEvent(value, headers);
    if (event !== null) yield event;
  }
}

/** The events of a response of OpenAI, which is JSON where it does not stream. */
async function* readKnown({ body, headers }: Response): AsyncGenerator<unknown[]> {
  if (headers.get('content-type')?.includes('json') === true) {
    for await (const texts of readText(body)) {
      yield texts.map((text) => toFinalEvent(parseAnswer(text, 'a response')));
    }
  } else if (body !== null) {
    for await (const batch of readJsonEvents(body)) yield batch;
  }
}

/** The events of a response; `unknownApi` reads those of an endpoint that may not have the API. */
async function* readEvents(
  response: Response,
  unknownApi: UnknownApiReader | null,
): AsyncGenerator<Read[]> {
  const { headers } = response;
  const batches = unknownApi?.read(response) ?? readKnown(response);
  for await (const batch of batches) {
    for (const events of inOneBatch(toStreamEvents(batch, headers))) yield events;
    if (batch.includes(endMarker)) return;
  }
}

/** Whether the model sends its reasoning beside the text. */
const isReasoning = (event: StreamEvent): boolean =>
  event.type === 'response.output_item.added' && event.item.type === 'reasoning';

/** What a batch means; events after the final response are ignored. */
function* readAll(reader: ResponsesStreamReader, batch: readonly Read[]): Generator<RawEvent> {
  for (const event of batch) {
    if (event === null) reader.end();
    if (event === null || reader.isDone) return;
    if (isReasoning(event)) yield { type: 'reasoning' };
    yield* reader.read(event);
  }
}

/** Opens a stream from the model. */
async function open(client: OpenAI, params: Params, request: ModelRequest) {
  const controller = new AbortController();
  const signal = AbortSignal.any([request.signal, controller.signal]);
  await yieldIfOthersWait();
  const response = await client.responses.create(params, { signal }).asResponse();
  return { response, controller };
}

export interface ResponsesOptions extends ModelCallOptions {
  /** Reads the images that only this database has. */
  readonly files?: EndpointFiles | null;
}

/**
 * Runs assistants on the Responses API of OpenAI or a compatible server (contract §8). Calls are
 * streamed, nothing is stored upstream, and earlier turns of the run are sent back verbatim.
 */
export function createResponsesModel(options: ResponsesOptions): Model {
  const secrets = secretsOf(options);
  const unknownApi = isOpenAI(options) ? null : new UnknownApiReader();
  const client = createEndpointClient(options, noTimeout);
  const targetOf = ({ settings }: ModelRequest) => ({
    isOpenAI: isOpenAI(options),
    origin: originOf(options, settings.model),
  });
  const respondInDialect = createNegotiator('responses', options, (request, dialect) =>
    toResponseParams(request, dialect, targetOf(request)),
  );

  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: () => Promise.resolve([]),
    async *respond(request) {
      let requestId: string | null = null;
      async function* attempt(adapted: ModelRequest, dialect: Dialect) {
        const target = targetOf(adapted);
        const params = toResponseParams(adapted, dialect, target);
        const { response, controller } = await open(client, params, adapted);
        const batches = Object.assign(readEvents(response, unknownApi), { controller });
        requestId = response.headers.get('x-request-id');
        const reader = new ResponsesStreamReader({
          tools: adapted.settings.tools,
          origin: target.origin,
          textFunctions: target.isOpenAI ? new Map() : functionsOf(adapted),
          usedIds: usedCallIds(adapted),
        });
        const saveGeneratedFiles = createGeneratedFileSaver(adapted);
        for await (const batch of readUntil(batches, () => reader.isDone)) {
          yield* saveGeneratedFiles(blameEndpoint(readAll(reader, batch)));
        }
        yield* saveGeneratedFiles(blameEndpoint(reader.finish()));
      }
      try {
        const { messages, signal } = request;
        const withImages = await withLocalImageUrls(messages, options.files ?? null, signal);
        yield* respondInDialect({ ...request, messages: withImages }, attempt);
      } catch (error) {
        throw toContainerExpired(request, toModelFailure(error, requestId, secrets));
      }
    },
  };
}
