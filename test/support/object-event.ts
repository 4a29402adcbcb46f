import type OpenAI from 'openai';
import * as z from 'zod';
import { id } from './object-common.ts';
import { message } from './object-message.ts';
import { startedStep, run, step } from './object-run.ts';
import { apiError, thread } from './objects.ts';

/* Stream events and their data (contract §7.2 and §7.4). */

const span = { text: z.string(), start_index: z.int().min(0), end_index: z.int().min(0) };
const index = z.int().min(0);

const annotationDelta = z.discriminatedUnion('type', [
  z.strictObject({
    index,
    type: z.literal('file_citation'),
    ...span,
    file_citation: z.strictObject({ file_id: z.string(), quote: z.literal('') }),
  }),
  z.strictObject({
    index,
    type: z.literal('file_path'),
    ...span,
    file_path: z.strictObject({ file_id: z.string() }),
  }),
]);

const messageDelta = z.strictObject({
  id: id('msg'),
  object: z.literal('thread.message.delta'),
  delta: z.strictObject({
    content: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({
            index,
            type: z.literal('text'),
            text: z
              .strictObject({
                value: z.string(),
                annotations: z.array(annotationDelta).exactOptional(),
              })
              .refine(
                ({ value, annotations }) => value !== '' || annotations?.length === 1,
                'an empty delta',
              ),
          }),
          z.strictObject({
            index,
            type: z.literal('image_file'),
            image_file: z.strictObject({ file_id: z.string().startsWith('file-') }),
          }),
          z.strictObject({ index, type: z.literal('refusal'), refusal: z.string().min(1) }),
        ]),
      )
      .length(1),
  }),
}) satisfies z.ZodType<OpenAI.Beta.Threads.MessageDeltaEvent>;

const functionCall = { index, type: z.literal('function') };
const codeCall = { index, type: z.literal('code_interpreter') };
const callId = z.string().startsWith('call_');

const codeOutput = z.discriminatedUnion('type', [
  z.strictObject({ index, type: z.literal('logs'), logs: z.string() }),
  z.strictObject({
    index,
    type: z.literal('image'),
    image: z.strictObject({ file_id: z.string().startsWith('file-') }),
  }),
]);

/** Hosted tool calls. The first delta has the id; the results of a search come with the final step. */
const hostedCalls = [
  z.strictObject({
    ...codeCall,
    id: callId,
    code_interpreter: z.strictObject({ input: z.literal(''), outputs: z.array(z.never()) }),
  }),
  z.strictObject({ ...codeCall, code_interpreter: z.strictObject({ input: z.string().min(1) }) }),
  z.strictObject({
    ...codeCall,
    code_interpreter: z.strictObject({ outputs: z.array(codeOutput).min(1) }),
  }),
  z.strictObject({
    index,
    id: callId,
    type: z.literal('file_search'),
    file_search: z.strictObject({
      ranking_options: z.strictObject({ ranker: z.string(), score_threshold: z.number() }),
      results: z.array(z.never()),
    }),
  }),
] as const;

const stepDelta = z.strictObject({
  id: id('step'),
  object: z.literal('thread.run.step.delta'),
  delta: z.strictObject({
    step_details: z.strictObject({
      type: z.literal('tool_calls'),
      tool_calls: z
        .array(
          z.union([
            z.strictObject({
              ...functionCall,
              id: callId,
              function: z.strictObject({
                name: z.string().min(1),
                arguments: z.literal(''),
                output: z.null(),
              }),
            }),
            z.strictObject({
              ...functionCall,
              function: z.strictObject({ arguments: z.string() }),
            }),
            ...hostedCalls,
          ]),
        )
        .length(1),
    }),
  }),
}) satisfies z.ZodType<OpenAI.Beta.Threads.Runs.RunStepDeltaEvent>;

/** Events named after a status carry the object in that status. */
const statusEvents: readonly [prefix: string, statuses: readonly string[], schema: z.ZodType][] = [
  ['thread.message', ['in_progress', 'completed', 'incomplete'], message],
  ['thread.run.step', ['completed', 'failed', 'cancelled', 'expired'], step],
  ['thread.run.step', ['in_progress'], startedStep],
  [
    'thread.run',
    [
      'queued',
      'in_progress',
      'requires_action',
      'completed',
      'incomplete',
      'failed',
      'cancelling',
      'cancelled',
      'expired',
    ],
    run,
  ],
];

const withStatus = (schema: z.ZodType, status: string) =>
  schema.refine((data) => Reflect.get(Object(data), 'status') === status, `not ${status}`);

const schemas: Readonly<Record<string, z.ZodType>> = {
  'thread.created': thread,
  'thread.message.created': withStatus(message, 'in_progress').refine(
    (data) => JSON.stringify(Reflect.get(Object(data), 'content')) === '[]',
    'content',
  ),
  'thread.message.delta': messageDelta,
  'thread.run.created': withStatus(run, 'queued'),
  'thread.run.step.created': withStatus(startedStep, 'in_progress'),
  'thread.run.step.delta': stepDelta,
  error: apiError satisfies z.ZodType<OpenAI.ErrorObject>,
  ...Object.fromEntries(
    statusEvents.flatMap(([prefix, statuses, schema]) =>
      statuses.map((status) => [`${prefix}.${status}`, withStatus(schema, status)]),
    ),
  ),
};

/** How an event's data violates the contract; null when it does not. */
export function eventViolation(event: string, data: unknown): string | null {
  const schema = schemas[event];
  if (schema === undefined) return `the contract has no event '${event}'`;
  const { error } = schema.safeParse(data);
  return error === undefined ? null : `${event}: ${z.prettifyError(error)}`;
}
