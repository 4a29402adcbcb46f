import { describe, expect, test } from 'vitest';
import { apiKey, setup } from '../../support/engine.ts';
import {
  createRun,
  readMessages,
  readRun,
  readSteps,
  submitOutputs,
  textOf,
} from '../../support/conversation.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';
import type { Turn } from '../../support/upstream.ts';

const quotaMessage = 'You exceeded your current quota, please check your plan and billing details.';
const httpError = (
  status: number,
  message: string,
  code: string | null = null,
  param = '',
): Turn => ({
  http: { status, error: { message, code, param: param === '' ? null : param } },
});

/** A run whose only model call fails as in `turn`. */
async function failRun(turn: Turn) {
  const harness = await setup();
  harness.upstream.respondWith(turn);
  const { run, thread_id, assistant_id } = await createRun(harness);
  await harness.clock.advance(3000);
  await harness.runToEnd();
  return { harness, thread_id, assistant_id, run: await readRun(harness, run) };
}

describe('an error of the model endpoint becomes last_error', () => {
  test.each([
    [429, 'Rate limit reached for gpt-4.1-mini.', 'rate_limit_exceeded'],
    [429, quotaMessage, 'rate_limit_exceeded'],
    [500, 'The server had an error processing your request.', 'server_error'],
    [503, 'The engine is currently overloaded.', 'server_error'],
    [404, 'The model `gpt-4-retired` does not exist.', 'server_error'],
    [403, 'Project does not have access to model.', 'server_error'],
    [400, 'Your prompt was flagged.', 'invalid_prompt', 'invalid_prompt'],
    [400, 'Your input exceeds the window.', 'invalid_prompt', 'context_length_exceeded', 'input'],
    [400, 'Error while downloading the image.', 'invalid_prompt', 'invalid_value', 'url'],
    [400, 'Invalid image.', 'invalid_prompt', 'invalid_value', 'input[0].content[1].image_url'],
    [400, "Unsupported parameter: 'temperature'.", 'server_error', null, 'temperature'],
  ])(
    'HTTP %i "%s" has the code %s',
    async (status, message, code, upstreamCode: string | null = null, param = '') => {
      const { run } = await failRun(httpError(status, message, upstreamCode, param));
      expect(run).toMatchObject({
        status: 'failed',
        failed_at: 1_790_000_003,
        completed_at: null,
        expires_at: null,
        last_error: { code },
      });
      expect(run.last_error?.message).toContain(message);
      expect(run.last_error?.message).toContain('req_upstream');
    },
  );

  test.each([
    ['invalid_prompt', 'invalid_prompt'],
    ['image_too_large', 'invalid_prompt'],
    ['invalid_base64_image', 'invalid_prompt'],
    ['vector_store_timeout', 'server_error'],
    ['bio_policy', 'invalid_prompt'],
    ['something_new', 'server_error'],
  ])('a response.failed event with code %s has the code %s', async (code, expected) => {
    const { run } = await failRun({ failed: { code, message: 'No.' } });
    expect(run.last_error).toMatchObject({ code: expected });
    expect(run.last_error?.message).toContain('No.');
  });

  test.each([
    { code: 'rate_limit_exceeded', message: 'It broke.' },
    { error: { code: 'rate_limit_exceeded', message: 'It broke.' } },
  ])('the error event %j has its code and message', async (errorEvent) => {
    const { run } = await failRun({ errorEvent });
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'rate_limit_exceeded' } });
    expect(run.last_error?.message).toContain('It broke.');
  });
});

describe('a stream that breaks off', () => {
  test.each(['error', 'end'] as const)(
    'by an %s fails the run and saves the text so far',
    async (how) => {
      const broken = { how, before: 'response.output_text.done' } as const;
      const { harness, run, thread_id } = await failRun({
        output: [textMessage('It is cold and')],
        broken,
      });
      expect(run).toMatchObject({ status: 'failed', last_error: { code: 'server_error' } });
      const [, message] = await readMessages(harness, thread_id);
      expect(message).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'run_failed' },
      });
      expect(message && textOf(message)).toBe('It is cold and');
      const [step] = await readSteps(harness, run);
      expect(step).toMatchObject({
        status: 'failed',
        failed_at: 1_790_000_003,
        last_error: { code: 'server_error' },
      });
    },
  );
});

test('a rejected API key appears in no error and no log line', async () => {
  const harness = await setup({ key: 'sk-wrong-abcdefghijklmnopqrstuvwxyz' });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  const { status, last_error } = await readRun(harness, run);
  expect(status).toBe('failed');
  expect(last_error?.code).toBe('server_error');
  expect(last_error?.message).toContain('Incorrect API key provided');
  const texts = JSON.stringify(last_error) + harness.logLines.join('');
  expect(texts).not.toContain('abcdefghijklmnopqrstuvwxyz');
});

test('no log line contains the API key', async () => {
  const { harness } = await failRun(httpError(500, `Your key ${apiKey} is fine, we are not.`));
  expect(harness.logLines.join('')).not.toContain(apiKey);
});

test('a failed run does not lock its thread', async () => {
  const { harness, run, thread_id, assistant_id } = await failRun(httpError(500, 'No.'));
  harness.upstream.respondWith({});
  const next = await harness.openai.beta.threads.runs.create(thread_id, { assistant_id });
  await harness.runToEnd();
  expect((await readRun(harness, next)).status).toBe('completed');
  expect((await readRun(harness, run)).status).toBe('failed');
});

test('a run that fails after tool outputs has the usage of its earlier calls', async () => {
  const harness = await setup();
  const first = {
    output: [functionCall('get_weather', { city: 'Oslo' })],
    usage: [90, 15],
  } as const;
  harness.upstream.respondWith(first, httpError(500, 'No.'));
  const { run } = await createRun(harness);
  await harness.runToEnd();
  await submitOutputs(harness, await readRun(harness, run));
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'failed',
    usage: { prompt_tokens: 90, completion_tokens: 15 },
  });
});

test('last_error contains no stack trace or file name of the program', async () => {
  const { harness, run } = await failRun({
    output: [textMessage('x')],
    broken: { how: 'error', before: 'response.completed' },
  });
  expect(run.last_error?.message).not.toMatch(/\bat .*\.ts:|node_modules/u);
  expect((await readMessages(harness, run.thread_id)).length).toBeGreaterThan(0);
});
