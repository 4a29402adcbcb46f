import type OpenAI from 'openai';
import * as z from 'zod';
import {
  include,
  instructions,
  integer,
  period,
  runStatus,
  assistantId,
  list,
  listQuery,
  metadata,
  reasoningEffort,
  temperature,
  topP,
} from './common.ts';
import { createMessage, createMessageBody } from './message.ts';
import { createThread, createThreadBody } from './thread.ts';
import { assistantTools, responseFormat, toolChoice, toolResources } from './tool.ts';
import { v1AssistantTools, v1ToolChoice } from './v1-fields.ts';

/** The API's schema says 256, but the hosted service accepted 16, the model endpoint's minimum. */
const tokenBudget = integer(16).nullable().exactOptional();

const typedObject = {
  type: 'object',
  properties: { type: { type: 'string' } },
  required: ['type'],
};

/** What a run sets is listed briefly where the tool for assistants lists all of it. */
const asForAssistants = {
  tools: {
    type: 'array',
    description: "Instead of the assistant's, in the same form",
    items: typedObject,
  },
  responseFormat: { anyOf: [{ type: 'string', enum: ['auto'] }, typedObject] },
};

const settings = {
  assistant_id: z.string(),
  // Programs send an empty name for the assistant's model.
  model: z.string().nullable().exactOptional().meta({ description: "Instead of the assistant's" }),
  reasoning_effort: reasoningEffort,
  instructions: instructions.meta({ description: "Instead of the assistant's" }),
  tools: assistantTools.nullable().exactOptional().meta({ listing: asForAssistants.tools }),
  metadata,
  temperature,
  top_p: topP,
  max_prompt_tokens: tokenBudget.meta({ description: 'Of all its model calls' }),
  max_completion_tokens: tokenBudget.meta({ description: 'Of all its model calls' }),
  truncation_strategy: z
    .strictObject({
      type: z.enum(['auto', 'last_messages']),
      last_messages: integer(1).nullable().exactOptional(),
    })
    .nullable()
    .exactOptional()
    .meta({ description: 'Which messages the model is sent' }),
  tool_choice: toolChoice.meta({ description: 'Which tool the model has to call' }),
  parallel_tool_calls: z.boolean().exactOptional(),
  response_format: responseFormat.meta({ listing: asForAssistants.responseFormat }),
};

const stream = z.boolean().nullable().exactOptional();

/** Body of `POST /threads/{thread_id}/runs` (contract §4.4) without `stream`. */
export const createRun = z.strictObject({
  ...settings,
  additional_instructions: instructions.meta({ description: "Added to the assistant's" }),
  additional_messages: list(createMessage)
    .nullable()
    .exactOptional()
    .meta({ description: 'Added to the thread first: the question of the user' }),
}) satisfies z.ZodType<OpenAI.Beta.Threads.RunCreateParamsNonStreaming>;

/** Body of `POST /threads/runs` (contract §4.4) without `stream`. */
export const createThreadAndRun = z.strictObject({
  ...settings,
  thread: createThread
    .exactOptional()
    .meta({ description: 'The new thread: the question of the user goes into messages' }),
  tool_resources: toolResources,
}) satisfies z.ZodType<OpenAI.Beta.ThreadCreateAndRunParamsNonStreaming>;

/** Body of `POST …/submit_tool_outputs` (contract §5.6) without `stream`. */
export const submitToolOutputs = z.strictObject({
  tool_outputs: list(
    z.strictObject({
      tool_call_id: z.string(),
      output: z.string().meta({ description: 'A string, such as JSON text' }),
    }),
  ).register(z.globalRegistry, { description: 'One for each call' }),
}) satisfies z.ZodType<
  Omit<OpenAI.Beta.Threads.RunSubmitToolOutputsParamsNonStreaming, 'thread_id'>
>;

const restSettings = {
  stream,
  tools: v1AssistantTools.nullable().exactOptional(),
  tool_choice: v1ToolChoice,
};

/**
 * The same three bodies as the REST endpoints accept them: with `stream`, the fields of version 1,
 * and `tool_resources` for one run, which only `POST /threads/runs` has in the contract.
 */
export const createRunBody = createRun.extend({
  ...restSettings,
  additional_messages: list(createMessageBody).nullable().exactOptional(),
  tool_resources: toolResources,
});
export const createThreadAndRunBody = createThreadAndRun.extend({
  ...restSettings,
  thread: createThreadBody.exactOptional(),
});
export const submitToolOutputsBody = submitToolOutputs.extend({ stream });

/** Query of `POST …/runs` and `GET …/steps/{step_id}`. */
export const includeQuery = z.object({ include });

/** Query of `GET …/runs/{run_id}/steps`. */
export const listSteps = z.object({ ...listQuery, include });

/** Query of `GET /runs`, the runs of all threads, which upstream never offered. */
export const listRunsQuery = z.object({
  ...listQuery,
  ...period,
  assistant_id: assistantId.exactOptional(),
  status: runStatus.exactOptional(),
});

/** Query of `GET /runs/statistics`; the interval is in seconds. */
export const runStatisticsQuery = z.object({
  created_after: integer(0),
  created_before: integer(1),
  interval: integer(60).exactOptional(),
});

export type CreateRun = z.infer<typeof createRunBody>;
export type CreateThreadAndRun = z.infer<typeof createThreadAndRunBody>;
export type SubmitToolOutputs = z.infer<typeof submitToolOutputsBody>;
