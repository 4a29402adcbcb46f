import type OpenAI from 'openai';
import { APIError } from 'openai';
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
import { toContainerExpired, toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

const encryptedReasoning: OpenAI.Responses.ResponseIncludable = 'reasoning.encrypted_content';

type Params = ReturnType<typeof toResponseParams>;
type Tool = OpenAI.Responses.Tool;

/** One file_search tool for each store, for endpoints that accept only one store per tool. */
const splitSearchTools = ({ tools = [], ...params }: Params): Params => ({
  ...params,
  tools: tools.flatMap<Tool>((tool) =>
    tool.type === 'file_search'
      ? tool.vector_store_ids.map((id) => ({ ...tool, vector_store_ids: [id] }))
      : [tool],
  ),
});

const searchesManyStores = ({ settings }: ModelRequest): boolean =>
  (settings.tool_resources.file_search?.vector_store_ids.length ?? 0) > 1;

/**
 * Opens streams. Requests encrypted reasoning, which stateless replays need, and one search in all
 * stores; models and endpoints that reject that are remembered and called without it.
 */
function createCaller(client: OpenAI) {
  const modelsWithoutReasoning = new Set<string>();
  let splitsSearchTools = false;
  const create = (request: ModelRequest) => {
    const params = toResponseParams(request);
    const reasoning = modelsWithoutReasoning.has(request.settings.model)
      ? []
      : [encryptedReasoning];
    const include = [...(params.include ?? []), ...reasoning];
    const adapted =
      splitsSearchTools && searchesManyStores(request) ? splitSearchTools(params) : params;
    return client.responses
      .create({ ...adapted, ...(include.length > 0 && { include }) }, { signal: request.signal })
      .withResponse();
  };
  /** Whether the next call differs, so that it may succeed. */
  const adaptTo = (request: ModelRequest, error: unknown): boolean => {
    if (!(error instanceof APIError) || error.status !== 400) return false;
    const { message, param }: APIError = error;
    const { model } = request.settings;
    if (/encrypted|include/i.test(message) && !modelsWithoutReasoning.has(model)) {
      modelsWithoutReasoning.add(model);
      return true;
    }
    const isAboutStores =
      searchesManyStores(request) && /vector.store/i.test(`${param} ${message}`);
    if (!isAboutStores || splitsSearchTools) return false;
    splitsSearchTools = true;
    return true;
  };
  return async (request: ModelRequest) => {
    for (;;) {
      try {
        return await create(request);
      } catch (error) {
        if (!adaptTo(request, error)) throw error;
      }
    }
  };
}

/**
 * Runs assistants on the Responses API of OpenAI or a compatible server (contract §8). Calls are
 * streamed, nothing is stored upstream, and earlier turns of the run are sent back verbatim.
 */
export function createResponsesModel(options: EndpointOptions): Model {
  const secrets = secretsOf(options);
  const fetch = options.fetch ?? globalThis.fetch;
  const endpoint = isOpenAI(options) ? options : { ...options, fetch: requireResponsesApi(fetch) };
  const call = createCaller(createEndpointClient(endpoint, noTimeout));

  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: () => Promise.resolve(null),
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { data: stream, request_id } = await call(request);
        requestId = request_id;
        const reader = new ResponsesStreamReader(request.settings.tools);
        const saveGeneratedFiles = createGeneratedFileSaver(request);
        for await (const event of readUntil(stream, () => reader.isDone)) {
          yield { type: 'heartbeat' };
          for (const raw of reader.read(event)) yield* saveGeneratedFiles(raw);
        }
        for (const raw of reader.finish()) yield* saveGeneratedFiles(raw);
      } catch (error) {
        throw toContainerExpired(request, toModelFailure(error, requestId, secrets));
      }
    },
  };
}
