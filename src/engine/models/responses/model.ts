import type OpenAI from 'openai';
import { APIError } from 'openai';
import { toContainerExpired } from '../upstream-error.ts';
import {
  createEndpointClient,
  type EndpointOptions,
  isOpenAI,
  noTimeout,
  secretsOf,
  whyUnavailable,
} from '../endpoint.ts';
import type { Model, ModelRequest } from '../model.ts';
import { requireResponsesApi } from './response-check.ts';
import { createGeneratedFileSaver } from './generated-files.ts';
import { toResponseParams } from './request.ts';
import { ResponsesStreamReader } from './stream-reader.ts';
import { toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

const encryptedReasoning: OpenAI.Responses.ResponseIncludable = 'reasoning.encrypted_content';

type Params = ReturnType<typeof toResponseParams>;
type Tool = OpenAI.Responses.Tool;

/** One search for each store, for endpoints that search one at a time. */
const splitSearchTools = ({ tools = [], ...params }: Params): Params => ({
  ...params,
  tools: tools.flatMap<Tool>((tool) =>
    tool.type === 'file_search'
      ? tool.vector_store_ids.map((id) => ({ ...tool, vector_store_ids: [id] }))
      : [tool],
  ),
});

const searchesSeveral = ({ settings }: ModelRequest): boolean =>
  (settings.tool_resources.file_search?.vector_store_ids.length ?? 0) > 1;

/**
 * Asks for the reasoning that a stateless replay needs, and for one search in all stores, but only
 * once of models and endpoints that refuse it.
 */
function createOpener(client: OpenAI) {
  const plainModels = new Set<string>();
  let isApart = false;
  const create = (request: ModelRequest) => {
    const params = toResponseParams(request);
    const isPlain = plainModels.has(request.settings.model);
    const include = [...(params.include ?? []), ...(isPlain ? [] : [encryptedReasoning])];
    const asked = isApart && searchesSeveral(request) ? splitSearchTools(params) : params;
    return client.responses
      .create({ ...asked, ...(include.length > 0 && { include }) }, { signal: request.signal })
      .withResponse();
  };
  const adaptsTo = (request: ModelRequest, error: unknown): boolean => {
    if (!(error instanceof APIError) || error.status !== 400) return false;
    const { message, param }: APIError = error;
    const { model } = request.settings;
    if (/encrypted|include/i.test(message) && !plainModels.has(model)) {
      plainModels.add(model);
      return true;
    }
    const isAboutStores = searchesSeveral(request) && /vector.store/i.test(`${param} ${message}`);
    if (!isAboutStores || isApart) return false;
    isApart = true;
    return true;
  };
  return async (request: ModelRequest) => {
    for (;;) {
      try {
        return await create(request);
      } catch (error) {
        if (!adaptsTo(request, error)) throw error;
      }
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
  const endpoint = isOpenAI(options) ? options : { ...options, fetch: requireResponsesApi(fetch) };
  const open = createOpener(createEndpointClient(endpoint, noTimeout));

  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: () => Promise.resolve(null),
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { data: stream, request_id } = await open(request);
        requestId = request_id;
        const reader = new ResponsesStreamReader(request.settings.tools);
        const keep = createGeneratedFileSaver(request);
        for await (const event of readUntil(stream, () => reader.ended)) {
          yield { type: 'heartbeat' };
          for (const raw of reader.read(event)) yield* keep(raw);
        }
        for (const raw of reader.finish()) yield* keep(raw);
      } catch (error) {
        throw toContainerExpired(request, toModelFailure(error, requestId, secrets));
      }
    },
  };
}
