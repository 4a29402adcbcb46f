import { chatError } from '../chat-upstream.ts';
import { forcesTool, has, unless } from './refusals.ts';
import { type Body, createModelServer, firstOf } from './server.ts';

/** A provider's refusal, which OpenRouter nests as text. */
const providerError = (message: string, param: string): Response => {
  const raw = JSON.stringify({ error: { message, type: 'invalid_request_error', param } });
  return chatError(400, {
    message: 'Provider returned error',
    code: 400,
    metadata: { raw, provider_name: 'OpenAI' },
  });
};

const noEndpoint = (what: string): Response =>
  chatError(404, {
    message: `No endpoints found that support ${what}. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing`,
    code: 404,
  });

const items = ({ input }: Body): readonly unknown[] => (Array.isArray(input) ? input : []);

const isIncompleteAssistant = (item: unknown): boolean =>
  Reflect.get(Object(item), 'role') === 'assistant' &&
  !['id', 'status'].every((name) => name in Object(item));

/** OpenRouter in front of a reasoning model. */
export const openRouter = () =>
  createModelServer({
    name: 'OpenRouter',
    baseURL: 'https://openrouter.ai/api/v1',
    refuse: (body) =>
      firstOf(
        unless(!items(body).some(isIncompleteAssistant), () =>
          chatError(400, { message: 'Invalid Responses API request', code: 'invalid_prompt' }),
        ),
        unless(!forcesTool(body), () => noEndpoint("the provided 'tool_choice' value")),
        unless(!has(body, 'temperature'), () =>
          providerError(
            "Unsupported parameter: 'temperature' is not supported with this model.",
            'temperature',
          ),
        ),
      ),
  });
