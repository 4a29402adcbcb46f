import { badRequest, has, unless } from './refusals.ts';
import { createModelServer, firstOf, noResponsesApi } from './server.ts';

/** Fireworks and servers like it: a sentence for each field that they do not know. */
export const fireworks = () =>
  createModelServer({
    name: 'Fireworks',
    baseURL: 'https://api.fireworks.ai/inference/v1',
    refuse: (body, api) =>
      firstOf(
        noResponsesApi(api),
        ...['stream_options', 'parallel_tool_calls', 'store'].map((name) =>
          unless(!has(body, name), () =>
            badRequest(`Extra inputs are not permitted, field: '${name}', value: None`),
          ),
        ),
      ),
  });
