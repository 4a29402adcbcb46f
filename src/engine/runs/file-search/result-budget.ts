import { isWindowGuessed, type Windows } from '../../models/context-window.ts';
import type { Usage } from '../../models/model.ts';
import { outputBudget, promptBudget } from '../../prompt/context.ts';
import type { RunSettings } from '../../store/schema.ts';

/** Reserved for the answer where the run does not limit it. */
const answerTokens = 4096;

/** For models of servers that may cut a long prompt without an error. */
const guessedWindowTokens = 8000;

/** The tokens that the results of one answer's searches may have; `call` made that answer. */
export function resultTokens(
  settings: RunSettings,
  windows: Pick<Windows, 'get'>,
  { call, used }: { readonly call: Usage; readonly used: Usage },
): number {
  const window = windows.get(settings.model);
  const answer = Math.min(outputBudget(settings, used) ?? answerTokens, window / 4);
  const prompt = call.prompt_tokens + call.completion_tokens;
  // Some endpoints do not count tokens.
  const room = prompt === 0 ? window / 4 : window - prompt - answer;
  const remaining = promptBudget(settings, used) - prompt;
  const limit = isWindowGuessed(settings.model) ? guessedWindowTokens : Infinity;
  return Math.max(0, Math.floor(Math.min(room, window / 2, remaining, limit)));
}
