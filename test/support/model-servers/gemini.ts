import { formatOf, has, hasTools, unless } from './refusals.ts';
import { createModelServer, firstOf, noResponsesApi } from './server.ts';

/** Google's error: a list. */
const invalidArgument = (message: string): Response =>
  Response.json([{ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }], { status: 400 });

/** Gemini's OpenAI-compatible endpoint. */
export const gemini = () =>
  createModelServer({
    name: 'Gemini',
    baseURL: 'https://generativelanguage.googleapis.com/v1beta/openai',
    refuse: (body, api) =>
      firstOf(
        noResponsesApi(api),
        ...['parallel_tool_calls', 'store'].map((name) =>
          unless(!has(body, name), () =>
            invalidArgument(
              `Invalid JSON payload received. Unknown name "${name}": Cannot find field.`,
            ),
          ),
        ),
        unless(formatOf(body) === undefined || !hasTools(body), () =>
          invalidArgument(
            "Function calling with a response mime type: 'application/json' is unsupported",
          ),
        ),
      ),
  });
