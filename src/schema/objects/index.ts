import * as z from 'zod';
import { toValidationError, type ValidationError } from '../validation-error.ts';
import {
  type AssistantObject,
  assistantObject,
  type ThreadObject,
  threadObject,
} from './thread.ts';
import { type MessageObject, messageObject } from './message.ts';
import { type StepObject, stepObject } from './run-step.ts';
import { type RunObject, runObject } from './run.ts';

export type ApiObject = AssistantObject | ThreadObject | MessageObject | RunObject | StepObject;

const apiObject = z.discriminatedUnion('object', [
  assistantObject,
  threadObject,
  messageObject,
  runObject,
  stepObject,
]);

const fieldsOf = ({ shape }: { readonly shape: object }): ReadonlySet<string> =>
  new Set(Object.keys(shape));

/** The fields of each kind of object that are imported. */
export const objectFields: Readonly<Record<ApiObject['object'], ReadonlySet<string>>> = {
  assistant: fieldsOf(assistantObject),
  thread: fieldsOf(threadObject),
  'thread.message': fieldsOf(messageObject),
  'thread.run': fieldsOf(runObject),
  'thread.run.step': fieldsOf(stepObject),
};

/**
 * Parses any API object by its `object` field. Returns the value itself, with its key order, or the
 * first problem in the API's words.
 */
export function parseApiObject(value: unknown): ApiObject | { readonly problem: ValidationError } {
  const { error } = apiObject.safeParse(value, { reportInput: true });
  if (error !== undefined) return { problem: toValidationError(error) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- just checked; zod's own output has its keys in another order
  return value as ApiObject;
}
