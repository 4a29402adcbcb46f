import { noCompletion } from '../resources/complete-ids.ts';
import { singleLineJson } from '../shared/json.ts';
import { parsePromptArguments } from './arguments.ts';
import { completeAssistant, findAssistant } from './find-assistant.ts';
import type { Prompt } from './prompt.ts';

/** Asks an assistant a question. */
export const askPrompt: Prompt = {
  async render(args, context) {
    const { assistant, question } = parsePromptArguments(['assistant', 'question'], args);
    const assistantId = await findAssistant(assistant, context);
    const messages = [{ role: 'user', content: question }];
    const call = singleLineJson({ assistant_id: assistantId, thread: { messages } });
    return [
      `Ask an assistant a question for me. Call ${context.toolName('create_thread_and_run')} with exactly these arguments:`,
      '',
      call,
      '',
      'While the result has `next`, do what it says. Then show me the `reply` unchanged, and the thread_id, so that I can continue.',
    ].join('\n');
  },
  complete: async (argument, typed, _known, context) =>
    argument === 'assistant' ? completeAssistant(typed, context) : noCompletion,
};
