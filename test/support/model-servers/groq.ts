import { badRequest, formatOf, has, hasTools, unless } from './refusals.ts';
import { createModelServer, firstOf, noResponsesApi } from './server.ts';

/** Groq with a model that cannot reason: no JSON beside tools, no schemas. */
export const groq = () =>
  createModelServer({
    name: 'Groq',
    baseURL: 'https://api.groq.com/openai/v1',
    refuse: (body, api) =>
      firstOf(
        noResponsesApi(api),
        unless(formatOf(body) === undefined || !hasTools(body), () =>
          badRequest('json mode cannot be combined with tool/function calling'),
        ),
        unless(formatOf(body) !== 'json_schema', () =>
          badRequest('This model does not support response format `json_schema`.', {
            param: 'response_format',
          }),
        ),
        unless(!has(body, 'reasoning_effort'), () =>
          badRequest('`reasoning_effort` is not supported with this model', {
            param: 'reasoning_effort',
          }),
        ),
      ),
  });
