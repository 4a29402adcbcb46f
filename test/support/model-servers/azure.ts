import { badRequest, has, unless } from './refusals.ts';
import { createModelServer, firstOf } from './server.ts';

const unrecognized = (name: string) =>
  badRequest(`Unrecognized request argument supplied: ${name}`);

/** Older deployments of Azure OpenAI. */
export const azure = () =>
  createModelServer({
    name: 'Azure OpenAI',
    baseURL: 'https://acme.openai.azure.com/openai/v1',
    refuse: (body) =>
      firstOf(
        ...['parallel_tool_calls', 'reasoning_effort', 'reasoning', 'stream_options'].map((name) =>
          unless(!has(body, name), () => unrecognized(name)),
        ),
      ),
  });
