import { type ChatOptions, createChatModel } from './chat/model.ts';
import { missingPathStatuses } from '../../shared/errors.ts';
import { isOpenAI } from './endpoint.ts';
import { createToolProbe } from './tool-support.ts';
import { type Model, ModelFailure } from './model.ts';
import { createResponsesModel } from './responses/model.ts';

const isResponsesApiMissing = (error: unknown): boolean =>
  error instanceof ModelFailure && missingPathStatuses.has(error.status);

/**
 * Detects which API an endpoint has (contract §10): Responses for OpenAI and Azure, else Responses if
 * the endpoint has that path, else Chat Completions. The first successful call decides for good.
 */
export function createAutoModel(options: ChatOptions): Model {
  const responses = createResponsesModel(options);
  if (isOpenAI(options)) return responses;
  const chat = createChatModel(options);
  const probeTools = createToolProbe(options);
  let detected: Model | null = null;
  return {
    unavailable: responses.unavailable,
    unsupportedTools: (tools) =>
      detected === chat ? chat.unsupportedTools(tools) : probeTools(tools),
    async *respond(request) {
      const first = detected ?? responses;
      try {
        for await (const event of first.respond(request)) {
          detected ??= first;
          yield event;
        }
        return;
      } catch (error) {
        const isDecided = first === chat || detected === responses;
        if (isDecided || !isResponsesApiMissing(error)) throw error;
      }
      for await (const event of chat.respond(request)) {
        detected ??= chat;
        yield event;
      }
    },
  };
}
