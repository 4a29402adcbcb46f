import type OpenAI from 'openai';
import * as z from 'zod';
import {
  id,
  metadata,
  responseFormat,
  seconds,
  toolResources,
  tools,
  usage,
} from './object-common.ts';

const time = seconds.nullable();
const lastError = { message: z.string().min(1) };

const functionCall = z.strictObject({
  id: z.string().startsWith('call_'),
  type: z.literal('function'),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: z.string() }) }),
  z.strictObject({ type: z.enum(['code_interpreter', 'file_search']) }),
]);

/** The SDK types `instructions` as a string; on the wire it can be null (contract §14). */
type Run = Omit<OpenAI.Beta.Threads.Run, 'instructions'> & { instructions: string | null };

const fields = z.strictObject({
  id: id('run'),
  object: z.literal('thread.run'),
  created_at: seconds,
  assistant_id: id('asst'),
  thread_id: id('thread'),
  status: z.enum([
    'queued',
    'in_progress',
    'requires_action',
    'cancelling',
    'cancelled',
    'failed',
    'completed',
    'incomplete',
    'expired',
  ]),
  started_at: time,
  expires_at: time,
  cancelled_at: time,
  failed_at: time,
  completed_at: time,
  required_action: z
    .strictObject({
      type: z.literal('submit_tool_outputs'),
      submit_tool_outputs: z.strictObject({ tool_calls: z.array(functionCall).min(1) }),
    })
    .nullable(),
  last_error: z
    .strictObject({
      code: z.enum(['server_error', 'rate_limit_exceeded', 'invalid_prompt']),
      ...lastError,
    })
    .nullable(),
  model: z.string(),
  requested_model: z.string().optional(),
  instructions: z.string().nullable(),
  tools,
  tool_resources: toolResources,
  metadata,
  temperature: z.number(),
  top_p: z.number(),
  reasoning_effort: z.string().nullable(),
  max_completion_tokens: z.int().nullable(),
  max_prompt_tokens: z.int().nullable(),
  truncation_strategy: z.strictObject({
    type: z.enum(['auto', 'last_messages']),
    last_messages: z.int().min(1).nullable(),
  }),
  incomplete_details: z
    .strictObject({ reason: z.enum(['max_completion_tokens', 'max_prompt_tokens']) })
    .nullable(),
  usage: usage.nullable(),
  response_format: responseFormat,
  tool_choice: toolChoice,
  parallel_tool_calls: z.boolean(),
}) satisfies z.ZodType<Run>;

const live = new Set(['queued', 'in_progress', 'requires_action', 'cancelling']);
const isDone = (status: string) => status === 'completed' || status === 'incomplete';

/** A run (contract §4.4), and what §5.2 says of its fields in each status. */
export const run = fields
  .refine((harness) => live.has(harness.status) === (harness.expires_at !== null), 'expires_at')
  .refine((harness) => isDone(harness.status) === (harness.completed_at !== null), 'completed_at')
  .refine((harness) => (harness.status === 'failed') === (harness.failed_at !== null), 'failed_at')
  .refine(
    (harness) => (harness.status === 'failed') === (harness.last_error !== null),
    'last_error',
  )
  .refine(
    (harness) => (harness.status === 'cancelled') === (harness.cancelled_at !== null),
    'cancelled_at',
  )
  .refine(
    (harness) => (harness.status === 'requires_action') === (harness.required_action !== null),
    'required_action',
  )
  .refine((harness) => !live.has(harness.status) || harness.usage === null, 'usage of a live run')
  .refine(
    (harness) => live.has(harness.status) || harness.status === 'failed' || harness.usage !== null,
    'usage',
  )
  .refine(
    (harness) => harness.incomplete_details === null || harness.status === 'incomplete',
    'incomplete',
  );

const messageCreation = z.strictObject({
  type: z.literal('message_creation'),
  message_creation: z.strictObject({ message_id: id('msg') }),
});

const callId = z.string().startsWith('call_');

const functionStep = z.strictObject({
  id: callId,
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string(),
    arguments: z.string(),
    output: z.string().nullable(),
  }),
});

const codeStep = z.strictObject({
  id: callId,
  type: z.literal('code_interpreter'),
  code_interpreter: z.strictObject({
    input: z.string(),
    outputs: z.array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('logs'), logs: z.string() }),
        z.strictObject({
          type: z.literal('image'),
          image: z.strictObject({ file_id: z.string().startsWith('file-') }),
        }),
      ]),
    ),
  }),
});

const searchStep = z.strictObject({
  id: callId,
  type: z.literal('file_search'),
  file_search: z.strictObject({
    ranking_options: z.strictObject({
      ranker: z.enum(['auto', 'default_2024_08_21']),
      score_threshold: z.number().min(0).max(1),
    }),
    results: z.array(
      z.strictObject({
        file_id: z.string(),
        file_name: z.string(),
        score: z.number().min(0).max(1),
        attributes: z.record(z.string(), z.unknown()),
        content: z
          .array(z.strictObject({ type: z.literal('text'), text: z.string() }))
          .exactOptional(),
      }),
    ),
  }),
});

const stepDetails = z.discriminatedUnion('type', [
  messageCreation,
  z.strictObject({
    type: z.literal('tool_calls'),
    tool_calls: z.array(z.discriminatedUnion('type', [functionStep, codeStep, searchStep])),
  }),
]);

const stepFields = z.strictObject({
  id: id('step'),
  object: z.literal('thread.run.step'),
  created_at: seconds,
  run_id: id('run'),
  assistant_id: id('asst'),
  thread_id: id('thread'),
  type: z.enum(['message_creation', 'tool_calls']),
  status: z.enum(['in_progress', 'cancelled', 'failed', 'completed', 'expired']),
  cancelled_at: time,
  completed_at: time,
  expires_at: time,
  expired_at: time,
  failed_at: time,
  last_error: z
    .strictObject({ code: z.enum(['server_error', 'rate_limit_exceeded']), ...lastError })
    .nullable(),
  step_details: stepDetails,
  usage: usage.nullable(),
  metadata,
}) satisfies z.ZodType<OpenAI.Beta.Threads.Runs.RunStep>;

/** A run step (contract §6): one end, and the time that goes with it. */
export const step = stepFields
  .refine((harness) => harness.type === harness.step_details.type, 'type')
  // Of a step whose writer was lost a stream knows no calls.
  .refine(
    ({ status, step_details: details }) =>
      status === 'failed' || details.type !== 'tool_calls' || details.tool_calls.length > 0,
    'tool_calls',
  )
  .refine(
    (harness) => (harness.status === 'completed') === (harness.completed_at !== null),
    'completed_at',
  )
  .refine((harness) => (harness.status === 'failed') === (harness.failed_at !== null), 'failed_at')
  .refine(
    (harness) => (harness.status === 'cancelled') === (harness.cancelled_at !== null),
    'cancelled_at',
  )
  .refine(
    (harness) => (harness.status === 'expired') === (harness.expired_at !== null),
    'expired_at',
  )
  .refine(
    (harness) => (harness.status === 'in_progress') === (harness.expires_at !== null),
    'expires_at',
  )
  .refine((harness) => (harness.status === 'in_progress') === (harness.usage === null), 'usage');

/** A step as a stream shows it when it begins: without calls, which the deltas bring (§7.4). */
export const begunStep = stepFields
  .extend({
    status: z.literal('in_progress'),
    expires_at: seconds,
    usage: z.null(),
    step_details: z.discriminatedUnion('type', [
      messageCreation,
      z.strictObject({ type: z.literal('tool_calls'), tool_calls: z.array(z.never()) }),
    ]),
  })
  .refine((harness) => harness.type === harness.step_details.type, 'type');
