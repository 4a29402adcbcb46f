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
import { v1AssistantTools, v1FileIds } from './v1-fields.ts';
import { assistantTools, toolResourcesOnCreate, responseFormat, toolResources } from './tool.ts';

const settings = {
  name: text(256).nullable().exactOptional(),
  description: text(512).nullable().exactOptional(),
  instructions,
  reasoning_effort: reasoningEffort,
  tools: assistantTools.exactOptional().meta({ description: 'What the model may call' }),
  metadata,
  temperature,
  top_p: topP,
  response_format: responseFormat,
};

/** Body of `POST /assistants` (contract §4.1). */
export const createAssistant = z.strictObject({
  model: model.meta({ description: 'Its id, such as gpt-4.1-mini' }),
  ...settings,
  tool_resources: toolResourcesOnCreate,
}) satisfies z.ZodType<OpenAI.Beta.AssistantCreateParams>;

/** Body of `POST /assistants/{assistant_id}`: omitted fields do not change (contract §4.1). */
export const modifyAssistant = z.strictObject({
  model: model.exactOptional(),
  ...settings,
  tool_resources: toolResources,
}) satisfies z.ZodType<OpenAI.Beta.AssistantUpdateParams>;

const v1Fields = { tools: v1AssistantTools.exactOptional(), ...v1FileIds(20) };

/** The same two bodies as the REST endpoints accept them, with the fields of version 1. */
export const createAssistantBody = createAssistant.extend(v1Fields);
export const modifyAssistantBody = modifyAssistant.extend(v1Fields);

/** Body of `POST /assistants/{assistant_id}/files`, of version 1 only. */
export const createAssistantFile = z.strictObject({ file_id: z.string() });

export type CreateAssistant = z.infer<typeof createAssistantBody>;
export type ModifyAssistant = z.infer<typeof modifyAssistantBody>;
