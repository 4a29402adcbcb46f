import type { Ids } from '../../shared/ids.ts';
import { createAutoModel } from './auto-detect.ts';
import { type ChatOptions, createChatModel } from './chat/model.ts';
import type { Model } from './model.ts';
import { createResponsesModel } from './responses/model.ts';
import { createScriptedModel } from './scripted.ts';

type ModelOptions = ChatOptions & { readonly ids: Ids };

const models = {
  auto: createAutoModel,
  responses: createResponsesModel,
  chat: createChatModel,
  scripted: ({ ids }) => createScriptedModel(ids),
} satisfies Record<string, (options: ModelOptions) => Model>;

/** The API used to call models; `auto` detects which one the endpoint has. */
export type ModelApi = keyof typeof models;

export const createModel = (api: ModelApi, options: ModelOptions): Model => models[api](options);
