import { describe, expect, test } from 'vitest';
import {
  chatStream,
  events,
  messageItem,
  openAt,
  type SentBody,
  sse,
} from '../../support/answer-server.ts';
import { createAssistant } from '../../support/conversation.ts';

/* Models that refuse to be streamed, and schemas of functions that servers refuse. */

const refusal = (message: string) => Response.json({ error: { message } }, { status: 400 });

describe('a model that is not streamed is called without streaming', () => {
  const notVerified = Response.json(
    {
      error: {
        message: 'Your organization must be verified to stream this model.',
        type: 'invalid_request_error',
        param: 'stream',
        code: 'unsupported_value',
      },
    },
    { status: 400 },
  );
  const whole = {
    chat: { choices: [{ message: { content: 'Snow.' }, finish_reason: 'stop' }] },
    responses: { object: 'response', status: 'completed', output: [messageItem('Snow.')] },
  };
  test.each([
    ['chat', 'http://localhost:8000/v1', notVerified],
    [
      'chat',
      'http://localhost:8000/v1',
      refusal("This model doesn't support tool use in streaming mode."),
    ],
    ['responses', 'http://localhost:8000/v1', notVerified],
    ['responses', 'https://api.openai.com/v1', notVerified],
  ] as const)('over %s at %s', async (api, baseURL, response) => {
    const at = await openAt(
      {
        [api]: (body: SentBody) =>
          body['stream'] === true ? response.clone() : Response.json(whole[api]),
      },
      { baseURL, key: 'sk-test' },
    );
    for (const count of [2, 3]) {
      const { run, thread_id } = await at.start();
      expect([run.last_error, await at.texts(thread_id)]).toEqual([null, ['Snow.']]);
      expect(at.requests).toHaveLength(count);
    }
  });
});

test('an error in a stream that refuses streaming leads to a call without', async () => {
  const at = await openAt({
    chat: (body) =>
      body['stream'] === true
        ? sse(events([{ error: { message: 'The model is unsupported for streaming.' } }]))
        : Response.json({ choices: [{ message: { content: 'Snow.' }, finish_reason: 'stop' }] }),
  });
  const { thread_id } = await at.start();
  expect(await at.texts(thread_id)).toEqual(['Snow.']);
});

const textOfBody = (body: SentBody) => JSON.stringify(body);

const sentWith = async (
  parameters: Record<string, unknown>,
  refuse: (body: SentBody) => Response | null,
) => {
  const at = await openAt({ chat: (body) => refuse(body) ?? chatStream([{ content: 'Snow.' }]) });
  const tools = [{ type: 'function' as const, function: { name: 'forecast', parameters } }];
  const { id: assistant_id } = await createAssistant(at.harness, { tools });
  const { id } = await at.harness.openai.beta.threads.create({
    messages: [{ role: 'user', content: 'Weather?' }],
  });
  const run = await at.finish(
    await at.harness.openai.beta.threads.runs.create(id, { assistant_id }),
  );
  expect(run.last_error).toBeNull();
  return textOfBody(at.requests.at(-1) ?? { model: '', messages: [], input: [] });
};

describe('the schema of a function is sent', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      days: { type: 'integer', exclusiveMinimum: 0 },
      exclusiveMinimum: { type: 'string', enum: ['$schema'] },
    },
    additionalProperties: false,
  };
  test('without the keywords that a server does not know (Gemini)', async () => {
    const sent = await sentWith(schema, (body) =>
      textOfBody(body).includes('"$schema":')
        ? refusal(
            [
              `Invalid JSON payload received. Unknown name "$schema" at 'tools[0].function_declarations[0].parameters': Cannot find field.`,
              `Invalid JSON payload received. Unknown name "exclusiveMinimum" at 'tools[0].function_declarations[0].parameters.properties[0].value': Cannot find field.`,
            ].join('\n'),
          )
        : null,
    );
    expect(sent).toContain(
      '"parameters":{"type":"object","properties":{"days":{"type":"integer"},"exclusiveMinimum":{"type":"string","enum":["$schema"]}},"additionalProperties":false}',
    );
  });

  test('with a type where that is required (Claude)', async () => {
    const sent = await sentWith({}, (body) =>
      textOfBody(body).includes('"type":"object"')
        ? null
        : refusal('tools.0.custom.input_schema.type: Field required'),
    );
    expect(sent).toContain('"parameters":{"type":"object","properties":{}}');
  });
});

test('functions are not offered where tool_choice none is refused', async () => {
  const at = await openAt({
    chat: (body) =>
      body['tool_choice'] === 'none'
        ? refusal("tool_choice: Input should be 'auto' or 'required'")
        : chatStream([{ content: 'Snow.' }]),
  });
  const { id: assistant_id } = await createAssistant(at.harness);
  const { id } = await at.harness.openai.beta.threads.create({
    messages: [{ role: 'user', content: 'Weather?' }],
  });
  const created = await at.harness.openai.beta.threads.runs.create(id, {
    assistant_id,
    tool_choice: 'none',
  });
  const run = await at.finish(created);
  expect([run.last_error, await at.texts(id)]).toEqual([null, ['Snow.']]);
  expect(at.requests.at(-1)).not.toHaveProperty('tools');
});
