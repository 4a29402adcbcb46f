import { type ChatOptions, createChatModel } from './chat/model.ts';
import { missingPathStatuses, isOpenAI } from './endpoint.ts';
import { createToolProbe } from './tool-support.ts';
import { type Model, ModelFailure } from './model.ts';
import { createResponsesModel } from './responses/model.ts';

const lacksResponses = (error: unknown): boolean =>
  error instanceof ModelFailure && missingPathStatuses.has(error.status);

/**
 * Finds out which API an endpoint speaks (contract §10). OpenAI's own and Azure's speak Responses.
 * Others are tried with Responses; where they have no such thing, the same call is made by Chat
 * Completions. What has answered once is used from then on; an endpoint in trouble, or one without
 * the model, decides nothing.
 */
export function createAutoModel(options: ChatOptions): Model {
  const responses = createResponsesModel(options);
  if (isOpenAI(options)) return responses;
  const chat = createChatModel(options);
  const lookUpTools = createToolProbe(options);
  let detected: Model | null = null;
  return {
    unavailable: responses.unavailable,
    unsupportedTools: (tools) =>
      detected === chat ? chat.unsupportedTools(tools) : lookUpTools(tools),
    async *respond(request) {
      const tried = detected ?? responses;
      try {
        for await (const event of tried.respond(request)) {
          detected ??= tried;
          yield event;
        }
        return;
      } catch (error) {
        const isSettled = tried === chat || detected === responses;
        if (isSettled || !lacksResponses(error)) throw error;
      }
      for await (const event of chat.respond(request)) {
        detected ??= chat;
        yield event;
      }
    },
  };
}
