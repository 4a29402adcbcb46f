import { describe, expect, test } from 'vitest';
import { openAt } from '../../support/answer-server.ts';
import { imageError, jinjaError } from '../../support/model-servers/llama-cpp-answers.ts';
import { openRouterError } from '../../support/model-servers/openrouter-answers.ts';

const apis = ['chat', 'responses'] as const;

const json = (body: unknown, status: number, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });

const error = (message: unknown, status = 400) => json({ error: { message } }, status);

/** Answers that name their cause somewhere, and the cause as a run shows it. */
const causes: readonly [place: string, answer: () => Response, cause: string][] = [
  [
    'in metadata.raw (OpenRouter)',
    () =>
      openRouterError({
        error: {
          type: 'invalid_request_error',
          message: "Model 'moonshotai/kimi-k2.6' supports at most 1 image per prompt.",
        },
      }),
    "Provider returned error: Model 'moonshotai/kimi-k2.6' supports at most 1 image per prompt. (Anthropic)",
  ],
  [
    'as a text in metadata.raw',
    () => openRouterError('z-ai/glm is not available to you.', 403),
    'Provider returned error: z-ai/glm is not available to you. (Anthropic)',
  ],
  [
    'in what Python prints (LiteLLM)',
    () =>
      error(
        `litellm.BadRequestError: VertexAIException BadRequestError - b'{\\n  "error": {\\n    "code": 400,\\n    "message": "Unable to process input image.",\\n    "status": "INVALID_ARGUMENT"\\n  }\\n}\\n'. Received Model Group=gemini`,
      ),
    'litellm.BadRequestError: VertexAIException BadRequestError: Unable to process input image.',
  ],
  [
    'in JSON after a sentence',
    () =>
      error(
        'litellm.BadRequestError: BedrockException - {"message":"The text field in the ContentBlock object at messages.17.content.0 is blank. Add text to the text field, and try again."}',
      ),
    'litellm.BadRequestError: BedrockException: The text field in the ContentBlock object at messages.17.content.0 is blank. Add text to the text field, and try again.',
  ],
  [
    'in a dictionary that Python prints',
    () =>
      error(
        "Error code: 400 - {'error': {'message': \"No such role.\", 'type': 'x', 'param': None}}",
      ),
    'Error code: 400: No such role.',
  ],
  ['in JSON in the message', () => error('{"error":{"message":"No such role."}}'), 'No such role.'],
  [
    'in a list (Gemini)',
    () =>
      json([{ error: { code: 400, message: 'No such role.', status: 'INVALID_ARGUMENT' } }], 400),
    'No such role.',
  ],
  ['as a text', () => json({ error: 'No such role.' }, 400), 'No such role.'],
  ['as detail', () => json({ error: { detail: 'No such role.' } }, 400), 'No such role.'],
  [
    'as a list of details',
    () => json({ error: { detail: [{ loc: ['body', 'model'], msg: 'Field required' }] } }, 422),
    'body.model: Field required',
  ],
  ['as an object in message', () => error({ message: 'No such role.' }), 'No such role.'],
  [
    'in an event',
    () =>
      new Response('event: error\ndata: {"error":{"message":"No such role."}}\n\n', {
        status: 400,
      }),
    '400 No such role.',
  ],
  [
    'in a web page',
    () =>
      new Response(
        '<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n</body></html>',
        { status: 403, headers: { 'content-type': 'text/html' } },
      ),
    '403 403 Forbidden 403 Forbidden',
  ],
];

describe.each(apis)('over %s, the cause of an error is shown', (api) => {
  test.each(causes)('that is %s', async (_, answer, cause) => {
    const { start, requests } = await openAt({ [api]: answer }, { model: api });
    const { run } = await start();
    expect(run.last_error?.message).toBe(cause);
    expect(requests.length).toBeLessThanOrEqual(3);
  });
});

const openAIError = (message: string, status = 500) =>
  json({ error: { message, type: 'server_error', code: null, param: null } }, status);

describe.each(apis)('over %s, an error with status 500', (api) => {
  test.each<[string, () => Response]>([
    ['of a chat template', () => jinjaError('System role not supported.')],
    ['about an image for a model without eyes', imageError],
    ['about an image, as vLLM says it', () => openAIError('llama-3 is not a multimodal model')],
    [
      'about a part of a message',
      () => openAIError('Failed to parse messages: Unsupported content part type: "image_url"'),
    ],
    [
      "in a relay's words",
      () => openAIError('litellm.BadRequestError: OpenAIException - Invalid role.'),
    ],
    [
      'whose cause is a bad request',
      () =>
        openRouterError(
          { error: { type: 'invalid_request_error', message: 'Invalid role.' } },
          502,
        ),
    ],
    ['of Python', () => openAIError('can only concatenate str (not "list") to str')],
  ])('%s fails the run at once', async (_, answer) => {
    const { start, requests } = await openAt({ [api]: answer }, { model: api });
    const { run } = await start();
    expect(run.status).toBe('failed');
    expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(requests.length);
  });

  test.each<[string, () => Response]>([
    ['without a cause', () => openAIError('The server had an error.')],
    ['while a model loads', () => openAIError('Loading model template', 503)],
    [
      'of a provider that is overloaded',
      () => openRouterError('The image model is overloaded, which is not supported.', 502),
    ],
  ])('%s is retried', async (_, answer) => {
    const headers = { 'x-should-retry': 'false', 'retry-after': '1' };
    const { start, requests } = await openAt(
      {
        [api]: (__: unknown, call: number) => {
          const { status, body } = answer();
          if (call === 0) return new Response(body, { status, headers });
          return Response.json({ error: { message: 'No.' } }, { status: 401 });
        },
      },
      { model: api },
    );
    const { run } = await start();
    expect([run.last_error?.message, requests.length]).toEqual(['No.', 2]);
  });
});
