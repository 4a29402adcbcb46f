import type OpenAI from 'openai';
import { APIError } from 'openai';
import {
  createEndpointClient,
  type EndpointOptions,
  isOpenAI,
  noTimeout,
  secretsOf,
  whyUnavailable,
} from './endpoint.ts';
import type { Model, ModelRequest } from './model.ts';
import { judged } from './responses-answer.ts';
import { toResponseParams } from './responses-input.ts';
import { StreamReader } from './responses-stream.ts';
import { toModelFailure } from './upstream-error.ts';
import { untilOver } from './upstream-fetch.ts';

/** Asks for the reasoning that a stateless replay needs, but only once of models that refuse it. */
function createOpener(client: OpenAI) {
  const plainModels = new Set<string>();
  const create = (request: ModelRequest) => {
    const params = toResponseParams(request);
    if (!plainModels.has(params.model ?? '')) params.include = ['reasoning.encrypted_content'];
    return client.responses.create(params, { signal: request.signal }).withResponse();
  };
  return async (request: ModelRequest) => {
    try {
      return await create(request);
    } catch (error) {
      const { model } = request.settings;
      const refused =
        error instanceof APIError &&
        error.status === 400 &&
        /encrypted|include/i.test(error.message);
      if (!refused || plainModels.has(model)) throw error;
      plainModels.add(model);
      return create(request);
    }
  };
}

/**
 * Runs assistants on the Responses API of OpenAI or of a server that speaks it (contract §8): every
 * call is streamed, nothing is stored upstream, and a run's transcript is replayed verbatim.
 */
export function createResponsesModel(options: EndpointOptions): Model {
  const secrets = secretsOf(options);
  const fetch = options.fetch ?? globalThis.fetch;
  const endpoint = isOpenAI(options) ? options : { ...options, fetch: judged(fetch) };
  const open = createOpener(createEndpointClient(endpoint, noTimeout));
  return {
    unavailable: whyUnavailable(options),
    refusal: () => Promise.resolve(null),
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { data: stream, request_id } = await open(request);
        requestId = request_id;
        const reader = new StreamReader();
        for await (const event of untilOver(stream, () => reader.ended)) {
          yield { type: 'pulse' };
          yield* reader.read(event);
        }
        yield* reader.finish();
      } catch (error) {
        throw toModelFailure(error, requestId, secrets);
      }
    },
  };
}
