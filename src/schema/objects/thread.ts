import type OpenAI from 'openai';
import * as z from 'zod';
import {
  objectId,
  optionalMetadata,
  type PartialObject,
  responseFormat,
  seconds,
  text,
  toolResources,
  tools,
  type WireFields,
} from './common.ts';

/** A thread (contract §4.2). */
export const threadObject = z.object({
  object: z.literal('thread'),
  id: objectId,
  created_at: seconds,
  metadata: optionalMetadata,
  tool_resources: toolResources,
});

export type ThreadObject = PartialObject<
  Omit<OpenAI.Beta.Thread, keyof WireFields> & Omit<WireFields, 'reasoning_effort'>,
  'object' | 'id' | 'created_at'
>;

/** An assistant (contract §4.1). */
export const assistantObject = z.object({
  object: z.literal('assistant'),
  id: objectId,
  created_at: seconds,
  name: text,
  description: text,
  model: z.string().min(1),
  instructions: text,
  tools: tools.nullish(),
  top_p: z.number().nullish(),
  temperature: z.number().nullish(),
  reasoning_effort: text,
  tool_resources: toolResources,
  metadata: optionalMetadata,
  response_format: responseFormat,
});

export type AssistantObject = PartialObject<
  Omit<OpenAI.Beta.Assistant, keyof WireFields> & WireFields,
  'object' | 'id' | 'created_at' | 'model'
>;
