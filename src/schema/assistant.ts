import type OpenAI from 'openai';
import * as z from 'zod';
import {
  instructions,
  metadata,
  model,
  reasoningEffort,
  temperature,
  text,
  topP,
} from './common.ts';
import { assistantTools, toolResourcesOnCreate, responseFormat, toolResources } from './tool.ts';

const settings = {
  name: text(256).nullable().exactOptional(),
  description: text(512).nullable().exactOptional(),
  instructions,
  reasoning_effort: reasoningEffort,
  tools: assistantTools.exactOptional(),
  metadata,
  temperature,
  top_p: topP,
  response_format: responseFormat,
};

/** Body of `POST /assistants` (contract §4.1). */
export const createAssistant = z.strictObject({
  model,
  ...settings,
  tool_resources: toolResourcesOnCreate,
}) satisfies z.ZodType<OpenAI.Beta.AssistantCreateParams>;

/** Body of `POST /assistants/{assistant_id}`: omitted fields do not change (contract §4.1). */
export const modifyAssistant = z.strictObject({
  model: model.exactOptional(),
  ...settings,
  tool_resources: toolResources,
}) satisfies z.ZodType<OpenAI.Beta.AssistantUpdateParams>;

export type CreateAssistant = z.infer<typeof createAssistant>;
export type ModifyAssistant = z.infer<typeof modifyAssistant>;
