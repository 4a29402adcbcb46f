import { chatError } from '../chat-upstream.ts';
import { forcesTool, has, unless } from './refusals.ts';
import { createModelServer, firstOf, noResponsesApi } from './server.ts';

/** An error of Claude, as LiteLLM passes it on. */
const anthropicError = (message: string): Response => {
  const error = JSON.stringify({
    type: 'error',
    error: { type: 'invalid_request_error', message },
    request_id: '',
  });
  return chatError(400, {
    message: `litellm.BadRequestError: AnthropicException - ${error}. Received Model Group=claude`,
    type: null,
    param: null,
    code: '400',
  });
};

/** Claude through a relay: one sampling setting at most, and no forced calls while it reasons. */
export const claudeRelay = () =>
  createModelServer({
    name: 'Claude through LiteLLM',
    baseURL: 'http://localhost:4000/v1',
    refuse: (body, api) =>
      firstOf(
        noResponsesApi(api),
        unless(!has(body, 'temperature') || !has(body, 'top_p'), () =>
          anthropicError(
            '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
          ),
        ),
        unless(!has(body, 'reasoning_effort') || !forcesTool(body), () =>
          anthropicError('Thinking may not be enabled when tool_choice forces tool use.'),
        ),
      ),
  });
