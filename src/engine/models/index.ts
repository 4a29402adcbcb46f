import type { Ids } from '../../shared/ids.ts';
import { createAutoModel } from './auto-detect.ts';
import { type ChatOptions, createChatModel } from './chat/model.ts';
import { isOpenAI } from './endpoint.ts';
import { hideReasoning } from './hidden-reasoning.ts';
import type { Model } from './model.ts';
import { createResponsesModel } from './responses/model.ts';
import { createScriptedModel } from './scripted.ts';

type ModelOptions = ChatOptions & {
  readonly ids: Ids;
  /** Whether the thinking in a model's text is shown; default: false. */
  readonly showsReasoning?: boolean;
};

const models = {
  auto: createAutoModel,
  responses: createResponsesModel,
  chat: createChatModel,
  scripted: ({ ids }) => createScriptedModel(ids),
} satisfies Record<string, (options: ModelOptions) => Model>;

/** The API used to call models; `auto` detects which one the endpoint has. */
export type ModelApi = keyof typeof models;

export function createModel(api: ModelApi, options: ModelOptions): Model {
  const model = models[api](options);
  // OpenAI's models keep their reasoning out of the text.
  const isHidden = api !== 'scripted' && !isOpenAI(options);
  return isHidden
    ? hideReasoning(model, { showsReasoning: options.showsReasoning ?? false })
    : model;
}
