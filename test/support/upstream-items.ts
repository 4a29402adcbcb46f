import type OpenAI from 'openai';

type Message = OpenAI.Responses.ResponseOutputMessage;
type Annotation = OpenAI.Responses.ResponseOutputText['annotations'][number];

let made = 0;

/** An id of the model endpoint's own: a prefix and 50 hexadecimal characters. */
export function upstreamId(prefix: string): string {
  made += 1;
  return `${prefix}_${made.toString(16).padStart(50, '0')}`;
}

/** A message of the model's, of one text part. */
export const says = (text: string, annotations: Annotation[] = []): Message => ({
  id: upstreamId('msg'),
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations, logprobs: [] }],
});

/** A message in whose middle the model was stopped. */
export const begins = (text: string): Message => ({ ...says(text), status: 'incomplete' });

/** A message that is a refusal. */
export const refuses = (refusal: string): Message => ({
  id: upstreamId('msg'),
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'refusal', refusal }],
});

/** A function call; its `call_id` is not its `id`. */
export const calls = (
  name: string,
  args: unknown,
  call_id = upstreamId('call'),
): OpenAI.Responses.ResponseFunctionToolCall => ({
  id: upstreamId('fc'),
  type: 'function_call',
  call_id,
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
  status: 'completed',
});

/** A reasoning item as it comes when its encrypted content was asked for. */
export const reasons = (encrypted_content: string): OpenAI.Responses.ResponseReasoningItem => ({
  id: upstreamId('rs'),
  type: 'reasoning',
  summary: [],
  encrypted_content,
});
