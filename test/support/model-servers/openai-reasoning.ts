import { badRequest, has, unless } from './refusals.ts';
import { type Body, createModelServer, firstOf } from './server.ts';

const unsupported = (body: Body, name: string, param = name) =>
  unless(!has(body, name), () =>
    badRequest(`Unsupported parameter: '${param}' is not supported with this model.`, {
      param,
      code: 'unsupported_parameter',
    }),
  );

/** OpenAI's reasoning models: no sampling settings, no parallel calls, the new name of max_tokens. */
export const openaiReasoning = () =>
  createModelServer({
    name: 'OpenAI (reasoning models)',
    baseURL: 'https://api.openai.com/v1',
    refuse: (body) => {
      const { temperature } = body;
      return firstOf(
        unless(temperature === undefined || temperature === 1, () =>
          badRequest(
            `Unsupported value: 'temperature' does not support ${String(temperature)} with this model. Only the default (1) value is supported.`,
            { param: 'temperature', code: 'unsupported_value' },
          ),
        ),
        unsupported(body, 'top_p'),
        unsupported(body, 'parallel_tool_calls'),
        unsupported(body, 'max_tokens'),
      );
    },
  });
