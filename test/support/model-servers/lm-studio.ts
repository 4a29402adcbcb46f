import { formatOf, unless } from './refusals.ts';
import { createModelServer, firstOf } from './server.ts';

const refusal = (error: string): Response => Response.json({ error }, { status: 400 });

/** LM Studio takes schemas but no JSON mode, and no object as `tool_choice`. */
export const lmStudio = () =>
  createModelServer({
    name: 'LM Studio',
    baseURL: 'http://localhost:1234/v1',
    ignoresFormats: true,
    refuse: (body, api) =>
      firstOf(
        unless(api === 'responses' || formatOf(body) !== 'json_object', () =>
          refusal("'response_format.type' must be 'json_schema' or 'text'"),
        ),
        unless(typeof body['tool_choice'] !== 'object', () =>
          refusal(
            "Invalid tool_choice type: 'object'. Supported string values: none, auto, required",
          ),
        ),
      ),
  });
