import { askPrompt } from './ask.ts';
import type { Prompt } from './prompt.ts';
import { reviewThreadPrompt } from './review-thread.ts';

const prompts: Readonly<Record<string, Prompt>> = {
  ask: askPrompt,
  review_thread: reviewThreadPrompt,
};

/** Finds a prompt by its name. Throws for an unknown name. */
export function findPrompt(name: string): Prompt {
  const prompt = prompts[name];
  if (prompt === undefined) throw new Error(`no prompt is named ${name}`);
  return prompt;
}
