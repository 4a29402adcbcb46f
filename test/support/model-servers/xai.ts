import { has, hasStrict, unless } from './refusals.ts';
import { createModelServer, firstOf } from './server.ts';

/** xAI's error: a sentence, and a code beside it. */
const invalidArgument = (error: string): Response =>
  Response.json({ code: 'invalid-argument', error }, { status: 400 });

/** Grok models without a setting for their reasoning. */
export const xai = () =>
  createModelServer({
    name: 'xAI',
    baseURL: 'https://api.x.ai/v1',
    refuse: (body) =>
      firstOf(
        unless(!has(body, 'reasoning_effort') && !has(body, 'reasoning'), () =>
          invalidArgument('Model grok-4 does not support parameter reasoningEffort.'),
        ),
        unless(!hasStrict(body), () =>
          invalidArgument(
            'Invalid request content: `strict` mode on function call is currently not supported.',
          ),
        ),
      ),
  });
