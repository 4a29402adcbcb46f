import { createModelServer, firstOf, noResponsesApi, type Body } from './server.ts';

const forbidden = ['store', 'max_completion_tokens', 'stream_options', 'reasoning_effort'];

/** The error of Mistral, which names every field and has no envelope. */
function extraForbidden(body: Body): Response | null {
  const names = forbidden.filter((name) => body[name] !== undefined);
  if (names.length === 0) return null;
  const detail = names.map((name) => ({
    type: 'extra_forbidden',
    loc: ['body', name],
    msg: 'Extra inputs are not permitted',
    input: body[name],
  }));
  const error = { type: 'invalid_request_error', param: null, code: null };
  return Response.json({ object: 'error', message: { detail }, ...error }, { status: 422 });
}

/** Mistral refuses every field that it does not know. */
export const mistral = () =>
  createModelServer({
    name: 'Mistral',
    baseURL: 'https://api.mistral.ai/v1',
    refuse: (body, api) => firstOf(noResponsesApi(api), extraForbidden(body)),
  });
