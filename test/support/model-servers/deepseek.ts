import { badRequest, forcesTool, formatOf, unless } from './refusals.ts';
import { createModelServer, firstOf, noResponsesApi } from './server.ts';

const refusal = (message: string) => badRequest(message, { code: 'invalid_request_error' });

/** DeepSeek in thinking mode: JSON mode but no schemas, and no forced calls. */
export const deepSeek = () =>
  createModelServer({
    name: 'DeepSeek',
    baseURL: 'https://api.deepseek.com',
    refuse: (body, api) =>
      firstOf(
        noResponsesApi(api),
        unless(formatOf(body) !== 'json_schema', () =>
          refusal('This response_format type is unavailable now'),
        ),
        unless(!forcesTool(body), () => refusal('Thinking mode does not support this tool_choice')),
      ),
  });
