import type OpenAI from 'openai';
import * as z from 'zod';
import {
  type PartialObject,
  lastError,
  objectId,
  optionalSeconds,
  seconds,
  usage,
} from './common.ts';

const toolCall = z.discriminatedUnion('type', [
  z.object({
    id: z.string(),
    type: z.literal('function'),
    function: z.object({
      name: z.string(),
      arguments: z.string(),
      output: z.string().nullable(),
    }),
  }),
  z.object({
    id: z.string(),
    type: z.literal('code_interpreter'),
    code_interpreter: z.object({ input: z.string(), outputs: z.array(z.unknown()) }),
  }),
  z.object({
    id: z.string(),
    type: z.literal('file_search'),
    file_search: z.object({ results: z.array(z.unknown()).nullish() }),
  }),
]);

const stepDetails = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message_creation'),
    message_creation: z.object({ message_id: z.string() }),
  }),
  z.object({ type: z.literal('tool_calls'), tool_calls: z.array(toolCall) }),
]);

/** A run step (contract §6). */
export const stepObject = z.object({
  object: z.literal('thread.run.step'),
  id: objectId,
  created_at: seconds,
  run_id: objectId,
  assistant_id: z.string(),
  thread_id: objectId,
  status: z.enum(['in_progress', 'cancelled', 'failed', 'completed', 'expired']),
  cancelled_at: optionalSeconds,
  completed_at: optionalSeconds,
  expires_at: optionalSeconds,
  expired_at: optionalSeconds,
  failed_at: optionalSeconds,
  last_error: lastError,
  step_details: stepDetails,
  usage,
});

export type StepObject = PartialObject<
  OpenAI.Beta.Threads.Runs.RunStep & { expires_at: number },
  | 'object'
  | 'id'
  | 'created_at'
  | 'run_id'
  | 'assistant_id'
  | 'thread_id'
  | 'status'
  | 'step_details'
>;
