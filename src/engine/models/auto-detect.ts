import { type ChatOptions, createChatModel } from './chat/model.ts';
import { missingPathStatuses } from '../../shared/errors.ts';
import { ContextOverflow } from './context-window.ts';
import { isOpenAI } from './endpoint.ts';
import { createToolProbe } from './tool-support.ts';
import {
  isAnswer,
  jsonFormatOf,
  type Model,
  ModelFailure,
  type ModelRequest,
  usesHostedTools,
} from './model.ts';
import { createResponsesModel } from './responses/model.ts';

type Api = 'responses' | 'chat';

/** What servers say that have a part of the Responses API only. */
const partlyUnsupported =
  /unsupported|(?:not|n't) support|not (?:yet )?implemented|unknown|unrecogni[sz]ed|unexpected|cannot determine|validation error|invalid (?:type|input|item|role)|item\[|should be a valid|must be an? (?:string|array|list)/iu;

const namesResponsesApi = /responses[ _]?(?:api|request)|\/responses\b/iu;

const isMissing = (error: unknown): boolean =>
  error instanceof ModelFailure && missingPathStatuses.has(error.status);

/** Whether the endpoint has refused a request because of the API's form, so that the other may do. */
function isRefusedByResponses(error: ModelFailure): boolean {
  if (error instanceof ContextOverflow) return false;
  const { status, message } = error;
  const [isUnsupported, namesApi] = [partlyUnsupported, namesResponsesApi].map((pattern) =>
    pattern.test(message),
  );
  if (status === 400 || status === 422) return isUnsupported === true || namesApi === true;
  return status !== null && status >= 500 && isUnsupported === true && namesApi === true;
}

/** What is known of an endpoint and its models. */
class Detection {
  /** APIs that have answered. */
  readonly #confirmed = new Set<Api>();
  readonly #missing = new Set<Api>();
  /** Models whose answer came from Chat Completions after Responses had refused the request. */
  readonly #chatModels = new Set<string>();

  get lacksResponses(): boolean {
    return this.#missing.has('responses');
  }

  /** The APIs to try, best first: only Responses has hosted tools, only Chat obeys every JSON format. */
  order(request: ModelRequest): readonly Api[] {
    const prefersChat =
      jsonFormatOf(request) !== null || this.#chatModels.has(request.settings.model);
    const order: readonly Api[] =
      prefersChat && !usesHostedTools(request) ? ['chat', 'responses'] : ['responses', 'chat'];
    return order.filter((api) => !this.#missing.has(api));
  }

  /** Whether the other API may answer what this one did not. */
  mayFallBack(api: Api, request: ModelRequest, error: ModelFailure): boolean {
    if (isMissing(error)) return !this.#confirmed.has(api);
    return api === 'responses' && !usesHostedTools(request) && isRefusedByResponses(error);
  }

  /** Records an answer, and why the API that was tried before gave none; null: none was. */
  learn(api: Api, model: string, refusal: ModelFailure | null): void {
    this.#confirmed.add(api);
    if (refusal === null) return;
    if (isMissing(refusal)) this.#missing.add(api === 'chat' ? 'responses' : 'chat');
    else this.#chatModels.add(model);
  }
}

/** The error of the API that the endpoint has: the second's, unless only that is missing. */
const moreUseful = (first: unknown, second: unknown): unknown =>
  isMissing(second) && !isMissing(first) ? first : second;

/**
 * Detects which API an endpoint has (contract §10): Responses for OpenAI and Azure, else Responses if
 * the endpoint has it, else Chat Completions. A call that is refused for its form is made by the other
 * API once, and only an answer decides for later calls.
 */
export function createAutoModel(options: ChatOptions): Model {
  const responses = createResponsesModel(options);
  if (isOpenAI(options)) return responses;
  const chat = createChatModel(options);
  const models = { responses, chat };
  const probeTools = createToolProbe(options);
  const detection = new Detection();

  async function* respondBy(api: Api, request: ModelRequest, refusal: ModelFailure | null) {
    let isAnswered = false;
    for await (const batch of models[api].respond(request)) {
      if (!isAnswered && isAnswer(batch)) {
        isAnswered = true;
        const { model } = request.settings;
        detection.learn(api, model, refusal);
        const error = refusal?.message;
        if (error !== undefined) {
          options.log?.warn('model called by another API', { model, api, error });
        }
      }
      yield batch;
    }
  }

  return {
    unavailable: responses.unavailable,
    unsupportedTools: (tools) =>
      detection.lacksResponses ? chat.unsupportedTools(tools) : probeTools(tools),
    async *respond(request) {
      const [first = 'chat', second] = detection.order(request);
      let hasEvents = false;
      let refusal: ModelFailure;
      try {
        for await (const batch of respondBy(first, request, null)) {
          hasEvents ||= isAnswer(batch);
          yield batch;
        }
        return;
      } catch (error) {
        if (hasEvents || second === undefined || !(error instanceof ModelFailure)) throw error;
        if (!detection.mayFallBack(first, request, error)) throw error;
        refusal = error;
      }
      try {
        for await (const batch of respondBy(second, request, refusal)) {
          hasEvents ||= isAnswer(batch);
          yield batch;
        }
      } catch (error) {
        throw hasEvents ? error : moreUseful(refusal, error);
      }
    },
  };
}
