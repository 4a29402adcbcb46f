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
import { boundResponses } from '../bounded-fetch.ts';
import { blameEndpoint } from '../json-shape.ts';
import type { Model, ModelRequest } from '../model.ts';
import { endMarker, readJsonEvents } from '../sse-reader.ts';
import { requireResponsesApi } from './response-check.ts';
import { createGeneratedFileSaver } from './generated-files.ts';
import { toStreamEvent } from './event-shape.ts';
import { toResponseParams } from './request.ts';
import { ResponsesStreamReader } from './stream-reader.ts';
import { toContainerExpired, toModelFailure } from '../upstream-error.ts';
import { readUntil } from '../upstream-fetch.ts';

const encryptedReasoning: OpenAI.Responses.ResponseIncludable = 'reasoning.encrypted_content';

type Params = ReturnType<typeof toResponseParams>;
type Tool = OpenAI.Responses.Tool;
type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

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

/** The events of a response; null for those that mean nothing here. */
async function* readEvents({ body, headers }: Response): AsyncGenerator<StreamEvent | null> {
  if (body === null) return;
  for await (const event of readJsonEvents(body)) {
    if (event === endMarker) return;
    yield toStreamEvent(event, headers);
  }
}

/**
 * Opens streams. Requests encrypted reasoning, which stateless replays need, and one search in all
 * stores; models and endpoints that reject that are remembered and called without it.
 */
function createCaller(client: OpenAI) {
  const modelsWithoutReasoning = new Set<string>();
  let splitsSearchTools = false;
  const create = (request: ModelRequest, signal: AbortSignal) => {
    const params = toResponseParams(request);
    const reasoning = modelsWithoutReasoning.has(request.settings.model)
      ? []
      : [encryptedReasoning];
    const include = [...(params.include ?? []), ...reasoning];
    const adapted =
      splitsSearchTools && searchesManyStores(request) ? splitSearchTools(params) : params;
    return client.responses
      .create({ ...adapted, ...(include.length > 0 && { include }) }, { signal })
      .asResponse();
  };
  /** Whether the next call differs, so that it may succeed. */
  const adaptTo = (request: ModelRequest, error: unknown): boolean => {
    if (!(error instanceof APIError) || error.status !== 400) return false;
    const { message }: APIError = error;
    const param = typeof error.param === 'string' ? error.param : '';
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
    const controller = new AbortController();
    const signal = AbortSignal.any([request.signal, controller.signal]);
    for (;;) {
      try {
        const response = await create(request, signal);
        return { response, events: Object.assign(readEvents(response), { controller }) };
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
  const endpoint = isOpenAI(options)
    ? options
    : { ...options, fetch: requireResponsesApi(boundResponses(fetch)) };
  const call = createCaller(createEndpointClient(endpoint, noTimeout));

  return {
    unavailable: whyUnavailable(options),
    unsupportedTools: () => Promise.resolve(null),
    async *respond(request) {
      let requestId: string | null = null;
      try {
        const { response, events } = await call(request);
        requestId = response.headers.get('x-request-id');
        const reader = new ResponsesStreamReader(request.settings.tools);
        const saveGeneratedFiles = createGeneratedFileSaver(request);
        for await (const event of readUntil(events, () => reader.isDone)) {
          yield { type: 'heartbeat' };
          if (event === null) continue;
          for (const raw of blameEndpoint(reader.read(event))) yield* saveGeneratedFiles(raw);
        }
        for (const raw of blameEndpoint(reader.finish())) yield* saveGeneratedFiles(raw);
      } catch (error) {
        throw toContainerExpired(request, toModelFailure(error, requestId, secrets));
      }
    },
  };
}
