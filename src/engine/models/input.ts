import type OpenAI from 'openai';
import type { RunSettings } from '../store/schema.ts';
import type { MessageContent } from './model.ts';

/* What every API of models is told in the same words. */

/** What a part of a message says; images say nothing. */
export const partText = (part: MessageContent): string[] => {
  if (part.type === 'text') return [part.text.value];
  return part.type === 'refusal' ? [part.refusal] : [];
};

/** Endpoints refuse a strict function whose schema is open, even where there is nothing in it. */
export function functionParameters({ parameters = {}, strict }: OpenAI.FunctionDefinition) {
  const isEmpty = JSON.stringify(parameters) === '{"type":"object","properties":{}}';
  return strict === true && isEmpty ? { ...parameters, additionalProperties: false } : parameters;
}

/** What has to be added to what is `said`, since JSON is refused where nobody says the word. */
export function jsonReminder({ response_format }: RunSettings, said: unknown): string[] {
  const wantsJson = typeof response_format === 'object' && response_format.type === 'json_object';
  return wantsJson && !/json/i.test(JSON.stringify(said)) ? ['Answer with JSON.'] : [];
}
