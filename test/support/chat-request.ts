import * as z from 'zod';
import type { Rejection } from './upstream-check.ts';

const text = z.strictObject({ type: z.literal('text'), text: z.string() });
const image = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().regex(/^(?:https?:|data:image\/)/u),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
});

const call = z.strictObject({
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string().min(1),
    arguments: z.string(),
    provider_specific_fields: z.unknown().optional(),
  }),
  extra_content: z.unknown().optional(),
});

const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: z.string().min(1) }),
  z.strictObject({ role: z.literal('developer'), content: z.string().min(1) }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string().min(1), z.array(z.union([text, image])).min(1)]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.string().min(1).nullable(),
    tool_calls: z.array(call).min(1).optional(),
    reasoning_content: z.string().optional(),
    // Servers' own fields, sent back to them.
    reasoning: z.string().optional(),
    reasoning_details: z.array(z.unknown()).optional(),
    thinking_blocks: z.array(z.unknown()).optional(),
    provider_specific_fields: z.unknown().optional(),
  }),
  z.strictObject({ role: z.literal('tool'), tool_call_id: z.string(), content: z.string() }),
]);

const name = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/u);
const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name,
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().optional(),
  }),
});

/** Body of `POST /chat/completions`, limited to what the engine may send. */
export const chatRequest = z.strictObject({
  model: z.string().min(1),
  messages: z.array(message).min(1),
  stream: z.literal(true),
  stream_options: z.strictObject({ include_usage: z.literal(true) }).optional(),
  tools: z.array(tool).min(1).optional(),
  tool_choice: z
    .union([
      z.enum(['none', 'auto', 'required']),
      z.strictObject({ type: z.literal('function'), function: z.strictObject({ name }) }),
    ])
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
  max_tokens: z.int().min(1).optional(),
  max_completion_tokens: z.int().min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  reasoning_effort: z.string().optional(),
  response_format: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json_object') }),
      z.strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name,
          description: z.string().optional(),
          schema: z.record(z.string(), z.unknown()).optional(),
          strict: z.boolean().nullable().optional(),
        }),
      }),
    ])
    .optional(),
});

export type ChatRequest = z.infer<typeof chatRequest>;
type Message = ChatRequest['messages'][number];

const reject = (reason: string, param: string | null = 'messages'): Rejection => ({
  status: 400,
  message: reason,
  param,
  code: null,
});

/** Rejects tool messages that do not directly follow the calls that they respond to. */
function checkPairs(messages: readonly Message[]): Rejection | null {
  let pendingCallIds: string[] = [];
  for (const current of messages) {
    if (current.role === 'tool') {
      if (!pendingCallIds.includes(current.tool_call_id)) {
        return reject(
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
        );
      }
      pendingCallIds = pendingCallIds.filter((id) => id !== current.tool_call_id);
    } else if (pendingCallIds.length > 0) break;
    if (current.role === 'assistant') {
      pendingCallIds = current.tool_calls?.map(({ id }) => id) ?? [];
    }
  }
  if (pendingCallIds.length === 0) return null;
  return reject(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${pendingCallIds.join(', ')}`,
  );
}

/** Checks a request like the real endpoint; null: it is accepted. */
export function checkChat(body: ChatRequest): Rejection | null {
  const { messages, tools, tool_choice, parallel_tool_calls, response_format } = body;
  if (tools === undefined && tool_choice !== undefined && tool_choice !== 'none') {
    return reject("'tool_choice' is only allowed when 'tools' are specified.", 'tool_choice');
  }
  if (tools === undefined && parallel_tool_calls !== undefined) {
    return reject(
      "'parallel_tool_calls' is only allowed when 'tools' are specified.",
      'parallel_tool_calls',
    );
  }
  if (response_format?.type === 'json_object' && !/json/iu.test(JSON.stringify(messages))) {
    return reject(
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    );
  }
  return checkPairs(messages);
}

/** Checks a body against the schema only. */
export function parseChat(body: unknown): ChatRequest | Rejection {
  const parsed = chatRequest.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return reject(`${issue?.path.join('.')}: ${issue?.message}`, null);
}
