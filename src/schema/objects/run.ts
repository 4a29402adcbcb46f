import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, jsonObject, runStatus } from '../common.ts';
import {
  type PartialObject,
  lastError,
  objectId,
  optionalMetadata,
  optionalSeconds,
  responseFormat,
  seconds,
  text,
  toolResources,
  tools,
  usage,
  type WireFields,
} from './common.ts';

const functionCall = z.object({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const requiredAction = z.object({
  type: z.literal('submit_tool_outputs'),
  submit_tool_outputs: z.object({ tool_calls: z.array(functionCall).min(1) }),
});

const toolChoice = z
  .union([
    z.enum(['none', 'auto', 'required']),
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
      z.object({ type: z.literal('code_interpreter') }),
      z.object({ type: z.literal('file_search') }),
    ]),
  ])
  .nullish();

const turn = z.object({
  items: z.array(jsonObject),
  outputs: z.array(z.object({ tool_call_id: z.string(), output: z.string() })).nullable(),
  usage: usage.unwrap().unwrap(),
});

/** One model call of a run, exported so that a run in requires_action can continue after import. */
export interface ExportedTurn {
  readonly items: readonly unknown[];
  readonly outputs: readonly { readonly tool_call_id: string; readonly output: string }[] | null;
  readonly usage: OpenAI.Beta.Threads.Run.Usage;
}

/** A run (contract §4.4). One in requires_action needs `required_action`. */
export const runObject = z
  .object({
    object: z.literal('thread.run'),
    id: objectId,
    created_at: seconds,
    assistant_id: z.string(),
    thread_id: objectId,
    status: runStatus,
    started_at: optionalSeconds,
    expires_at: optionalSeconds,
    cancelled_at: optionalSeconds,
    failed_at: optionalSeconds,
    completed_at: optionalSeconds,
    required_action: requiredAction.nullish(),
    last_error: lastError,
    model: z.string().min(1),
    requested_model: z.string().exactOptional(),
    omitted_parameters: z.array(z.string()).exactOptional(),
    omitted_tools: z.array(z.string()).exactOptional(),
    response_format_mismatch: z.string().exactOptional(),
    instructions: text,
    tools: tools.nullish(),
    tool_resources: toolResources,
    metadata: optionalMetadata,
    temperature: z.number().nullish(),
    top_p: z.number().nullish(),
    reasoning_effort: text,
    max_completion_tokens: integer(1).nullish(),
    max_prompt_tokens: integer(1).nullish(),
    truncation_strategy: z
      .object({ type: z.enum(['auto', 'last_messages']), last_messages: integer(1).nullish() })
      .nullish(),
    incomplete_details: z.object({ reason: text }).nullish(),
    usage,
    response_format: responseFormat,
    tool_choice: toolChoice,
    parallel_tool_calls: z.boolean().nullish(),
    turns: z.array(turn).exactOptional(),
  })
  .superRefine((run, context) => {
    if (run.status === 'requires_action' && (run.required_action ?? null) === null) {
      context.addIssue({ code: 'custom', path: ['required_action'], input: undefined });
    }
  });

export type RunObject = PartialObject<
  Omit<OpenAI.Beta.Threads.Run, keyof WireFields> &
    WireFields & {
      turns: ExportedTurn[];
      requested_model: string;
      omitted_parameters: string[];
      omitted_tools: string[];
      response_format_mismatch: string;
    },
  'object' | 'id' | 'created_at' | 'assistant_id' | 'thread_id' | 'status' | 'model'
>;
