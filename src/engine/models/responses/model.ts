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
import { createNegotiator, withOmissions } from '../negotiator.ts';
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

/** Opens a stream from the model, in its dialect. */
function createCaller(client: OpenAI, options: ModelCallOptions) {
  const callInDialect = createNegotiator('responses', options);
  return async (request: ModelRequest) => {
    const controller = new AbortController();
    const signal = AbortSignal.any([request.signal, controller.signal]);
    const { response, omitted } = await callInDialect(request, (adapted, dialect) =>
      client.responses.create(toResponseParams(adapted, dialect), { signal }).asResponse(),
    );
    return { response, omitted, events: Object.assign(readEvents(response), { controller }) };
  };
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
  const call = createCaller(createEndpointClient(endpoint, noTimeout), options);

  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: () => Promise.resolve([]),
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { response, events, omitted } = await call(request);
        requestId = response.headers.get('x-request-id');
        const reader = new ResponsesStreamReader(request.settings.tools);
        const saveGeneratedFiles = createGeneratedFileSaver(request);
        for await (const event of readUntil(events, () => reader.isDone)) {
          yield { type: 'heartbeat' };
          if (event === null) continue;
          for (const raw of blameEndpoint(reader.read(event))) yield* saveGeneratedFiles(raw);
        }
        for (const raw of blameEndpoint(reader.finish())) {
          for await (const event of saveGeneratedFiles(raw)) yield withOmissions(event, omitted);
        }
      } catch (error) {
        throw toContainerExpired(request, toModelFailure(error, requestId, secrets));
      }
    },
  };
}
