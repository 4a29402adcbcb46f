import OpenAI, { APIError } from 'openai';
import type { Model, ModelRequest } from './model.ts';
import { toResponseParams } from './responses-input.ts';
import { StreamReader } from './responses-stream.ts';
import { toModelFailure } from './upstream-error.ts';
import { restrained } from './upstream-fetch.ts';

export interface ResponsesOptions {
  /** Null for servers that ask for none. */
  readonly apiKey: string | null;
  /** Null for OpenAI's own endpoint. */
  readonly baseURL: string | null;
  readonly fetch?: typeof globalThis.fetch;
  /** What must never appear in a run's error, beside the key. */
  readonly secrets?: readonly string[];
}

const openaiURL = 'https://api.openai.com/v1';
/** The run's own deadline ends a call; the SDK's ten minutes would cut longer lifetimes short. */
const noTimeout = 2 ** 31 - 1;

const unavailable =
  'No model is configured to run this: set OPENAI_API_KEY, or set OPENAI_BASE_URL to a server that needs no key, or choose the offline scripted model with ASSISTANTS_MODEL_API=scripted.';

const createClient = ({ apiKey, baseURL, fetch = globalThis.fetch }: ResponsesOptions): OpenAI =>
  new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseURL ?? openaiURL,
    timeout: noTimeout,
    logLevel: 'off',
    ...(apiKey === null ? { defaultHeaders: { Authorization: null } } : {}),
    fetch: restrained(fetch),
  });

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
export function createResponsesModel(options: ResponsesOptions): Model {
  const secrets = [...(options.secrets ?? []), options.apiKey ?? ''];
  const open = createOpener(createClient(options));
  return {
    unavailable: options.apiKey === null && options.baseURL === null ? unavailable : null,
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { data: stream, request_id } = await open(request);
        requestId = request_id;
        const reader = new StreamReader();
        for await (const event of stream) {
          yield { type: 'pulse' };
          yield* reader.read(event);
          if (reader.ended) break;
        }
        yield* reader.finish();
      } catch (error) {
        throw toModelFailure(error, requestId, secrets);
      }
    },
  };
}
