import type OpenAI from 'openai';
import * as z from 'zod';
import {
  objectId,
  optionalMetadata,
  type PartialObject,
  seconds,
  toolResources,
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
