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

const optionalSeconds = seconds.nullable();
const errorMessage = { message: z.string().min(1) };

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

const errorCode = z.enum(['server_error', 'rate_limit_exceeded', 'invalid_prompt']);

/** The fields of a run that can change, with those that identify it. */
const progressFields = z.strictObject({
  id: id('run'),
  object: z.literal('thread.run'),
  created_at: seconds,
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
  started_at: optionalSeconds,
  expires_at: optionalSeconds,
  cancelled_at: optionalSeconds,
  failed_at: optionalSeconds,
  completed_at: optionalSeconds,
  required_action: z
    .strictObject({
      type: z.literal('submit_tool_outputs'),
      submit_tool_outputs: z.strictObject({ tool_calls: z.array(functionCall).min(1) }),
    })
    .nullable(),
  last_error: z
    .strictObject({
      code: errorCode,
      ...errorMessage,
    })
    .nullable(),
  retried_error: z.strictObject({ code: errorCode, ...errorMessage }).optional(),
  omitted_parameters: z.array(z.string()).min(1).optional(),
  omitted_tools: z
    .array(z.enum(['file_search', 'code_interpreter']))
    .min(1)
    .optional(),
  response_format_mismatch: z.string().min(1).optional(),
  metadata,
  incomplete_details: z
    .strictObject({ reason: z.enum(['max_completion_tokens', 'max_prompt_tokens']) })
    .nullable(),
  usage: usage.nullable(),
});

/** The fields of a run, whatever its status. */
export const runFields = progressFields.extend({
  assistant_id: id('asst'),
  model: z.string(),
  requested_model: z.string().optional(),
  instructions: z.string().nullable(),
  tools,
  tool_resources: toolResources,
  temperature: z.number(),
  top_p: z.number(),
  reasoning_effort: z.string().nullable(),
  max_completion_tokens: z.int().nullable(),
  max_prompt_tokens: z.int().nullable(),
  truncation_strategy: z.strictObject({
    type: z.enum(['auto', 'last_messages']),
    last_messages: z.int().min(1).nullable(),
  }),
  response_format: responseFormat,
  tool_choice: toolChoice,
  parallel_tool_calls: z.boolean(),
}) satisfies z.ZodType<Run>;

const active = new Set(['queued', 'in_progress', 'requires_action', 'cancelling']);
const isDone = (status: string) => status === 'completed' || status === 'incomplete';

/** The fields of a run that fit its status (contract §5.2). */
const withStatusRules = <Schema extends z.ZodType<z.output<typeof progressFields>>>(
  schema: Schema,
) =>
  schema
    .refine((fields) => active.has(fields.status) === (fields.expires_at !== null), 'expires_at')
    .refine((fields) => isDone(fields.status) === (fields.completed_at !== null), 'completed_at')
    .refine((fields) => (fields.status === 'failed') === (fields.failed_at !== null), 'failed_at')
    .refine((fields) => (fields.status === 'failed') === (fields.last_error !== null), 'last_error')
    .refine(
      (fields) => (fields.status === 'cancelled') === (fields.cancelled_at !== null),
      'cancelled_at',
    )
    .refine(
      (fields) => (fields.status === 'requires_action') === (fields.required_action !== null),
      'required_action',
    )
    .refine(
      (fields) => !active.has(fields.status) || fields.usage === null,
      'usage of an active run',
    )
    .refine(
      (fields) => active.has(fields.status) || fields.status === 'failed' || fields.usage !== null,
      'usage',
    )
    .refine(
      (fields) => fields.incomplete_details === null || fields.status === 'incomplete',
      'incomplete',
    );

/** A run (contract §4.4). */
export const run = withStatusRules(runFields);

/** A run in an answer that was preferred minimal. */
export const runProgress = withStatusRules(progressFields);

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
  cancelled_at: optionalSeconds,
  completed_at: optionalSeconds,
  expires_at: optionalSeconds,
  expired_at: optionalSeconds,
  failed_at: optionalSeconds,
  last_error: z
    .strictObject({ code: z.enum(['server_error', 'rate_limit_exceeded']), ...errorMessage })
    .nullable(),
  step_details: stepDetails,
  usage: usage.nullable(),
  metadata,
}) satisfies z.ZodType<OpenAI.Beta.Threads.Runs.RunStep>;

/** A run step (contract §6) whose timestamps fit its status. */
export const step = stepFields
  .refine((fields) => fields.type === fields.step_details.type, 'type')
  // A step that failed with its process may have no calls.
  .refine(
    ({ status, step_details: details }) =>
      status === 'failed' || details.type !== 'tool_calls' || details.tool_calls.length > 0,
    'tool_calls',
  )
  .refine(
    (fields) => (fields.status === 'completed') === (fields.completed_at !== null),
    'completed_at',
  )
  .refine((fields) => (fields.status === 'failed') === (fields.failed_at !== null), 'failed_at')
  .refine(
    (fields) => (fields.status === 'cancelled') === (fields.cancelled_at !== null),
    'cancelled_at',
  )
  .refine((fields) => (fields.status === 'expired') === (fields.expired_at !== null), 'expired_at')
  .refine(
    (fields) => (fields.status === 'in_progress') === (fields.expires_at !== null),
    'expires_at',
  )
  .refine((fields) => (fields.status === 'in_progress') === (fields.usage === null), 'usage');

/** A step as a stream shows it when it starts: without calls, which come in deltas (§7.4). */
export const startedStep = stepFields
  .extend({
    status: z.literal('in_progress'),
    expires_at: seconds,
    usage: z.null(),
    step_details: z.discriminatedUnion('type', [
      messageCreation,
      z.strictObject({ type: z.literal('tool_calls'), tool_calls: z.array(z.never()) }),
    ]),
  })
  .refine((fields) => fields.type === fields.step_details.type, 'type');
