import { unless } from './refusals.ts';
import { createModelServer } from './server.ts';

/** vLLM with a model that has no Responses API, though the server has one. Its error has no envelope. */
export const vllm = () =>
  createModelServer({
    name: 'vLLM',
    baseURL: 'http://localhost:8000/v1',
    refuse: (_, api) =>
      unless(api === 'chat', () =>
        Response.json(
          {
            object: 'error',
            message: 'The model does not support Responses API',
            type: 'BadRequestError',
            param: null,
            code: 400,
          },
          { status: 400 },
        ),
      ),
  });
