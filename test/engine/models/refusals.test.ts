import { describe, expect, test } from 'vitest';
import { createAssistant, createThread, readRun } from '../../support/conversation.ts';
import { apiKey } from '../../support/engine.ts';
import { executors } from '../../support/executors.ts';
import { chatError } from '../../support/chat-upstream.ts';
import { modelServers } from '../../support/model-servers/index.ts';
import { everySetting, openTrial, type RunParams } from '../../support/model-servers/trial.ts';

const omitted: Record<string, readonly string[]> = {
  'OpenAI (reasoning models)': ['temperature', 'top_p', 'parallel_tool_calls'],
  'Azure OpenAI': ['reasoning_effort', 'parallel_tool_calls'],
  Ollama: ['reasoning_effort'],
  'LM Studio': ['tool_choice'],
  'Claude through LiteLLM': ['top_p', 'tool_choice'],
  OpenRouter: ['temperature', 'tool_choice'],
  Groq: ['reasoning_effort', 'response_format'],
  DeepSeek: ['tool_choice', 'response_format'],
  Mistral: ['reasoning_effort'],
  Gemini: ['parallel_tool_calls', 'response_format'],
  Fireworks: ['parallel_tool_calls'],
  xAI: ['reasoning_effort', 'strict'],
};

describe.each(modelServers.map((create) => ({ create, name: create().name })))(
  'at $name',
  ({ create, name }) => {
    test('a run goes on without what the server refuses, and shows it', async () => {
      const { run } = await openTrial(create());
      const { ended, reply } = await run();
      expect([ended.status, ended.last_error]).toEqual(['completed', null]);
      expect(reply).toEqual(['{"city":"Oslo"}']);
      expect(Reflect.get(ended, 'omitted_parameters')).toEqual(omitted[name]);
    });

    test('what is refused is remembered and logged once', async () => {
      const { harness, run } = await openTrial(create());
      await run();
      const logged = harness.logLines.filter((line) => line.includes('"warn"')).length;
      const second = await run();
      expect(second.ended.last_error).toBeNull();
      expect(second.requests).toHaveLength(1);
      expect(harness.logLines.filter((line) => line.includes('"warn"'))).toHaveLength(logged);
      expect(Reflect.get(second.ended, 'omitted_parameters')).toEqual(omitted[name]);
    });

    test('a run that sets nothing shows no omission', async () => {
      const { run } = await openTrial(create());
      const { ended } = await run({}, 'Snow.');
      expect(ended).toMatchObject({ status: 'completed', last_error: null });
      for (const field of ['omitted_parameters', 'omitted_tools', 'response_format_mismatch']) {
        expect(ended).not.toHaveProperty(field);
      }
    });
  },
);

type Body = Readonly<Record<string, unknown>>;

describe.each(executors)('the $name model', ({ name: api, open: openExecutor }) => {
  /** An endpoint whose requests are refused by `refuse`. */
  async function openWith(
    refuse: (body: Body) => Response | null,
    options: Parameters<typeof openExecutor>[0] = {},
  ) {
    const bodies: Body[] = [];
    const harness = await openExecutor({
      key: apiKey,
      ...options,
      wrap: (plain) => async (input, init) => {
        const body: Body = JSON.parse(await new Request(input, init).text());
        bodies.push(body);
        return refuse(body) ?? plain(input, init);
      },
    });
    const run = async (params: RunParams, model = 'gpt-4.1-mini') => {
      const { id: assistant_id } = await createAssistant(harness, { model });
      const thread = await createThread(harness);
      const created = await harness.openai.beta.threads.runs.create(thread.id, {
        assistant_id,
        ...params,
      });
      await harness.runToEnd();
      return readRun(harness, created);
    };
    return { harness, run, bodies };
  }

  const wireName = (name: string) =>
    api === 'responses' && name === 'reasoning_effort' ? 'reasoning' : name;

  const settings: [keyof typeof everySetting, string, { param?: string; code?: string }][] = [
    ['temperature', 'Unsupported parameter: X is not supported with this model.', {}],
    ['temperature', '`temperature` is deprecated for this model.', {}],
    ['top_p', 'Unsupported parameter.', { param: 'top_p', code: 'unsupported_parameter' }],
    ['parallel_tool_calls', 'Unrecognized request argument supplied: parallel_tool_calls', {}],
    [
      'parallel_tool_calls',
      "litellm.UnsupportedParamsError: does not support parameters: ['parallel_tool_calls']",
      {},
    ],
    ['reasoning_effort', "Unsupported value: 'X' does not support 'low' with this model.", {}],
    ['reasoning_effort', '`reasoning_effort` must be one of `none` or `default`', {}],
    ['reasoning_effort', "Invalid value: 'low'. Supported values are: 'high'.", { param: 'X' }],
    ['tool_choice', "Input should be 'none', 'auto' or 'required': body.tool_choice", {}],
    ['tool_choice', 'tool_choice must be one of none, auto, required', {}],
    ['temperature', 'invalid temperature: only 1 is allowed for this model', {}],
    ['temperature', '`temperature` may only be set to 1 when thinking is enabled.', {}],
    ['tool_choice', 'tool_choice 目前仅支持 auto', {}],
    ['parallel_tool_calls', '参数 parallel_tool_calls 不支持', {}],
    ['reasoning_effort', 'think value "low" is not supported for this model', {}],
  ];

  test.each(settings)('drops %s after "%s" (%o)', async (name, message, fields) => {
    const param = wireName(name);
    const error = { message: message.replace('X', `'${param}'`), ...fields };
    if ('param' in error && error.param === 'X') error.param = param;
    const { harness, run, bodies } = await openWith((body) =>
      body[param] === undefined || body[param] === 'required' ? null : chatError(400, error),
    );
    harness.respondWith({ text: 'Snow.' }, { text: 'Snow.' });
    for (const calls of [2, 3]) {
      const ended = await run({ [name]: everySetting[name] });
      expect(ended).toMatchObject({ status: 'completed', omitted_parameters: [name] });
      expect(bodies).toHaveLength(calls);
    }
  });

  test('drops a parameter that is refused by the first event of a stream', async () => {
    const message = 'temperature is not supported by this model';
    const { harness, run } = await openWith((body) =>
      body['temperature'] === undefined
        ? null
        : new Response(`data: {"error":{"code":400,"message":"${message}"}}\n\n`, {
            headers: { 'content-type': 'text/event-stream' },
          }),
    );
    harness.respondWith({ text: 'Snow.' });
    const ended = await run({ temperature: 0.2 });
    expect(ended).toMatchObject({ status: 'completed', omitted_parameters: ['temperature'] });
  });

  test('remembers for each model alone, also for one that --model-map chose', async () => {
    const { harness, run, bodies } = await openWith(
      (body) =>
        body['model'] === 'o3' && body['temperature'] !== undefined
          ? chatError(400, { message: "Unsupported parameter: 'temperature'." })
          : null,
      { modelMap: new Map([['gpt-4', 'o3']]) },
    );
    harness.respondWith({ text: 'A.' }, { text: 'B.' }, { text: 'C.' });
    const first = await run({ temperature: 0.2 }, 'gpt-4');
    expect(first).toMatchObject({ model: 'o3', omitted_parameters: ['temperature'] });
    expect(await run({ temperature: 0.2 }, 'gpt-4.1')).not.toHaveProperty('omitted_parameters');
    expect(await run({ temperature: 0.2 }, 'o3')).toMatchObject({ status: 'completed' });
    expect(bodies.map(({ model, temperature }) => [model, temperature])).toEqual([
      ['o3', 0.2],
      ['o3', undefined],
      ['gpt-4.1', 0.2],
      ['o3', undefined],
    ]);
  });

  const { temperature, tool_choice, response_format } = everySetting;
  const mistakes: [string, RunParams, string][] = [
    ['temperature', { temperature }, "Invalid 'temperature': decimal above maximum value."],
    [
      'a schema',
      { response_format },
      "Invalid schema for response_format 'city': 'x' is not supported.",
    ],
    ['tool_choice', { tool_choice }, "Tool choice 'get_weather' not found in 'tools' parameter."],
    ['an image', { temperature }, 'Unsupported image format.'],
  ];

  test.each(mistakes)(
    "shows the caller's own mistake in %s, and sends it as it is",
    async (...row) => {
      const [, params, message] = row;
      const { run, bodies } = await openWith(() => chatError(400, { message }));
      for (const calls of [1, 2]) {
        const ended = await run(params);
        expect(ended.last_error?.message).toContain(message);
        expect(bodies).toHaveLength(calls);
      }
    },
  );

  test('never sends the same request again', async () => {
    const messages = [
      'System role not supported.',
      'max_tokens, stream_options, store and include are not supported.',
      'reasoning_content is not supported.',
    ];
    for (const message of messages) {
      const { run, bodies } = await openWith(() => chatError(400, { message }));
      expect((await run({ max_completion_tokens: 500 })).status).toBe('failed');
      expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(bodies.length);
    }
  });

  test('remembers nothing of a run that fails in the end', async () => {
    let message: string | null = "Unsupported parameter: 'temperature'.";
    const { harness, run, bodies } = await openWith((body) => {
      if (message === null) return null;
      return body['temperature'] === undefined
        ? chatError(400, { message: 'Your account is not active.' })
        : chatError(400, { message });
    });
    const failed = await run({ temperature: 0.2 });
    expect(failed.last_error?.message).toContain('not active');
    expect(failed).not.toHaveProperty('omitted_parameters');
    message = null;
    harness.respondWith({ text: 'Snow.' });
    expect(await run({ temperature: 0.2 })).not.toHaveProperty('omitted_parameters');
    expect(bodies.map((body) => body['temperature'])).toEqual([0.2, undefined, 0.2]);
  });

  test('keeps what earlier calls of a run omitted', async () => {
    const { harness, run } = await openWith((body) =>
      body['top_p'] === undefined
        ? null
        : chatError(400, { message: "Unknown parameter: 'top_p'." }),
    );
    harness.respondWith({ calls: [{ id: 'call_1', name: 'get_weather', args: '{}' }] });
    const waiting = await run({ top_p: 0.5 });
    expect(waiting).toMatchObject({ status: 'requires_action', omitted_parameters: ['top_p'] });
    harness.respondWith({ text: 'Snow.' });
    await harness.openai.beta.threads.runs.submitToolOutputs(waiting.id, {
      thread_id: waiting.thread_id,
      tool_outputs: [{ tool_call_id: 'call_1', output: 'Snow' }],
    });
    await harness.runToEnd();
    const ended = await readRun(harness, waiting);
    expect(ended).toMatchObject({ status: 'completed', omitted_parameters: ['top_p'] });
    const lines = harness.logLines.filter((line) => line.includes('"run ended"'));
    expect(lines.at(-1)).toContain('"omitted_parameters":["top_p"]');
  });

  test('sends neither parallel_tool_calls nor a default that nobody chose', async () => {
    const { harness, run, bodies } = await openWith(() => null);
    harness.respondWith({ text: 'Snow.' });
    await run({ temperature: 1, top_p: 1, parallel_tool_calls: true, tool_choice: 'auto' });
    for (const name of ['temperature', 'top_p', 'parallel_tool_calls', 'tool_choice']) {
      expect(bodies[0]).not.toHaveProperty(name);
    }
  });
});
