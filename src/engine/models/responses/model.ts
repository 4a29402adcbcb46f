import type OpenAI from 'openai';
import {
  createEndpointClient,
  type ModelCallOptions,
  isOpenAI,
  noTimeout,
  secretsOf,
  whyUnavailable,
} from '../endpoint.ts';
import { boundResponses } from '../bounded-fetch.ts';
import { blameEndpoint } from '../json-shape.ts';
import type { Model, ModelRequest } from '../model.ts';
import type { Dialect } from '../dialect.ts';
import { createNegotiator } from '../negotiator.ts';
import { endMarker, readJsonEvents } from '../sse-reader.ts';
import { requireResponsesApi } from './response-check.ts';
import { createGeneratedFileSaver } from './generated-files.ts';
import { toStreamEvent } from './event-shape.ts';
import { toResponseParams } from './request.ts';
import { ResponsesStreamReader } from './stream-reader.ts';
import { toContainerExpired, toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

/** The events of a response; null for those that mean nothing here. */
async function* readEvents({ body, headers }: Response): AsyncGenerator<StreamEvent | null> {
  if (body === null) return;
  for await (const event of readJsonEvents(body)) {
    if (event === endMarker) return;
    yield toStreamEvent(event, headers);
  }
}

/** Opens a stream from the model. */
async function open(client: OpenAI, request: ModelRequest, dialect: Dialect) {
  const controller = new AbortController();
  const signal = AbortSignal.any([request.signal, controller.signal]);
  const params = toResponseParams(request, dialect);
  const response = await client.responses.create(params, { signal }).asResponse();
  return { response, events: Object.assign(readEvents(response), { controller }) };
}

/**
 * Runs assistants on the Responses API of OpenAI or a compatible server (contract §8). Calls are
 * streamed, nothing is stored upstream, and earlier turns of the run are sent back verbatim.
 */
export function createResponsesModel(options: ModelCallOptions): Model {
  const secrets = secretsOf(options);
  const fetch = options.fetch ?? globalThis.fetch;
  const endpoint = isOpenAI(options)
    ? options
    : { ...options, fetch: requireResponsesApi(boundResponses(fetch)) };
  const client = createEndpointClient(endpoint, noTimeout);
  const respondInDialect = createNegotiator('responses', options, toResponseParams);

  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: () => Promise.resolve([]),
    async *respond(request) {
      let requestId: string | null = null;
      async function* attempt(adapted: ModelRequest, dialect: Dialect) {
        const { response, events } = await open(client, adapted, dialect);
        requestId = response.headers.get('x-request-id');
        const reader = new ResponsesStreamReader(adapted.settings.tools);
        const saveGeneratedFiles = createGeneratedFileSaver(adapted);
        for await (const event of readUntil(events, () => reader.isDone)) {
          yield { type: 'heartbeat' } as const;
          if (event === null) continue;
          for (const raw of blameEndpoint(reader.read(event))) yield* saveGeneratedFiles(raw);
        }
        for (const raw of blameEndpoint(reader.finish())) yield* saveGeneratedFiles(raw);
      }
      try {
        yield* respondInDialect(request, attempt);
      } catch (error) {
        throw toContainerExpired(request, toModelFailure(error, requestId, secrets));
      }
    },
  };
}
