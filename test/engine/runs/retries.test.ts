import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Model, ModelRequest } from '../../../src/engine/models/model.ts';
import { callWithRetry } from '../../../src/engine/models/retry.ts';
import { createClock, waitUntil } from '../../support/clock.ts';
import { setup, type Harness, type HarnessOptions } from '../../support/engine.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../../support/conversation.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';
import { createGate, type Turn } from '../../support/upstream.ts';

/** An error that the SDK does not retry itself, since `retry-after` exceeds its limit. */
const rejection = (
  status: number,
  headers: Readonly<Record<string, string>> = {},
  code: string | null = null,
): Turn => ({
  http: {
    status,
    error: { message: 'Not now.', code },
    headers: { 'retry-after': '90', ...headers },
  },
});
const brokenStream = (
  before: NonNullable<Turn['broken']>['before'],
  how: 'error' | 'end' = 'error',
) => ({ broken: { how, before } }) satisfies Turn;
const beforeOutput = 'response.output_item.added';

/** Advances the clock until the worker is idle; resolves to the seconds that took. */
async function advanceUntilIdle({ engine, clock }: Harness): Promise<number> {
  const start = clock.now();
  await engine.tick();
  const idle = new AbortController();
  const ended = engine.idle().then(() => idle.abort());
  await clock.advance(0);
  for (let steps = 0; !idle.signal.aborted && steps < 2000; steps += 1) await clock.advance(500);
  expect(idle.signal.aborted).toBe(true);
  await ended;
  return (clock.now() - start) / 1000;
}

/** A run with these model turns, and how long it took. */
async function runTurns(...turns: Turn[]) {
  return runTurnsWith({}, ...turns);
}

async function runTurnsWith(options: HarnessOptions, ...turns: Turn[]) {
  const harness = await setup(options);
  harness.upstream.respondWith(...turns);
  const created = await createRun(harness);
  const seconds = await advanceUntilIdle(harness);
  return { harness, seconds, ...created, run: await readRun(harness, created.run) };
}

describe('a model call is retried', () => {
  test.each([429, 500, 503, 408, 409])(
    'after the wait that a %i response asks for',
    async (status) => {
      const { harness, seconds, run } = await runTurns(rejection(status), {});
      expect(run.status).toBe('completed');
      expect(harness.upstream.requests).toHaveLength(2);
      expect(seconds).toBeGreaterThanOrEqual(90);
      expect(seconds).toBeLessThanOrEqual(91);
    },
  );

  test('by the SDK after a short Retry-After', async () => {
    const retrySoon = { 'retry-after-ms': '1', 'x-should-retry': 'true' };
    const { harness, run } = await runTurns(
      rejection(429, retrySoon),
      rejection(500, retrySoon),
      {},
    );
    expect(run.status).toBe('completed');
    expect(harness.logLines.join('')).not.toContain('model call retried');
    expect(harness.upstream.requests).toHaveLength(3);
  });

  test('at the time of a Retry-After date', async () => {
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    const { run, seconds } = await runTurns(
      rejection(429, { date, 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT' }),
      {},
    );
    expect(run.status).toBe('completed');
    expect(seconds).toBeGreaterThanOrEqual(120);
  });

  test.each([
    ['breaks off', brokenStream(beforeOutput)],
    ['ends too early', brokenStream(beforeOutput, 'end')],
    ['fails', { failed: { code: 'server_error', message: 'Try again.' } }],
    [
      'contains an error event',
      { output: [], errorEvent: { code: 'rate_limit_exceeded', message: 'Slow.' } },
    ],
    [
      'breaks off in the arguments of a call',
      {
        output: [functionCall('get_weather', { city: 'Oslo' })],
        ...brokenStream('response.function_call_arguments.done'),
      },
    ],
  ] satisfies [string, Turn][])('if the stream %s before any output', async (_, turn) => {
    const { harness, run, thread_id, seconds } = await runTurns(turn, turn, {
      output: [textMessage('Snow.')],
    });
    expect(run).toMatchObject({ status: 'completed', usage: { total_tokens: 15 } });
    expect(harness.upstream.requests).toHaveLength(3);
    expect(seconds).toBeLessThan(5);
    expect((await readMessages(harness, thread_id)).map(textOf)).toEqual([
      'Weather in Oslo?',
      'Snow.',
    ]);
    expect(await readSteps(harness, run)).toHaveLength(1);
    expect(harness.logLines.join('')).toContain('model call retried');
  });

  test.each([
    ['sends no response', 'response'],
    ['sends no output', beforeOutput],
  ] as const)('if the model %s for the configured time', async (_, before) => {
    const silent = { gate: createGate(), before };
    const { harness, run, seconds } = await runTurnsWith({ modelTimeout: 240 }, silent, {});
    expect(run.status).toBe('completed');
    expect(harness.upstream.requests).toHaveLength(2);
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
    expect(seconds).toBeGreaterThanOrEqual(240);
  });
});

describe('a run fails with the error of the model endpoint', () => {
  test('after about a minute of failing calls', async () => {
    const turn = brokenStream(beforeOutput);
    const { harness, run, thread_id, seconds } = await runTurns(
      ...Array.from({ length: 9 }, () => turn),
    );
    expect(run).toMatchObject({
      status: 'failed',
      last_error: { code: 'server_error', message: expect.stringContaining('terminated') },
    });
    expect(harness.upstream.requests).toHaveLength(7);
    expect(seconds).toBeGreaterThan(40);
    expect(seconds).toBeLessThan(70);
    expect(await readMessages(harness, thread_id)).toHaveLength(1);
    expect(await readSteps(harness, run)).toEqual([]);
  });

  test('at once if Retry-After exceeds the lifetime of the run', async () => {
    const { harness, run, seconds } = await runTurns(rejection(429, { 'retry-after': '601' }));
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'rate_limit_exceeded' } });
    expect(run.last_error?.message).toContain('Not now.');
    expect([harness.upstream.requests.length, seconds]).toEqual([1, 0]);
  });

  test('at once if the quota is exceeded', async () => {
    const retrySoon = { 'retry-after-ms': '1', 'x-should-retry': 'true' };
    const { harness, run } = await runTurns(rejection(429, retrySoon, 'insufficient_quota'));
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'rate_limit_exceeded' } });
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('at once if output was already streamed', async () => {
    const output = [textMessage('It is cold and')];
    const { harness, run, seconds } = await runTurns({
      output,
      ...brokenStream('response.output_text.done'),
    });
    expect([run.status, harness.upstream.requests.length, seconds]).toEqual(['failed', 1, 0]);
  });

  test('if the model stalls in the middle of a message', async () => {
    const output = [textMessage('It is cold and')];
    const gate = createGate();
    const { harness, run, thread_id } = await runTurnsWith(
      { modelTimeout: 240 },
      { output, gate, before: 'response.output_text.done' },
    );
    expect(run.last_error).toEqual({
      code: 'server_error',
      message: 'The model sent nothing for 240 seconds.',
    });
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
    const [, message] = await readMessages(harness, thread_id);
    expect(message?.incomplete_details).toEqual({ reason: 'run_failed' });
  });
});

test.each(['response', beforeOutput] as const)(
  'a model that is silent before the %s is called once, and the run expires at its deadline',
  async (before) => {
    const { harness, run, seconds } = await runTurns({ gate: createGate(), before }, {});
    expect(run.status).toBe('expired');
    expect(harness.upstream.requests).toHaveLength(1);
    expect(seconds).toBeGreaterThanOrEqual(600);
  },
);

test('a slow model that shows signs of life is not aborted', async () => {
  const clock = createClock();
  const model: Model = {
    unavailable: null,
    unsupportedTools: () => Promise.resolve([]),
    async *respond() {
      for (let minute = 0; minute < 30; minute += 3) {
        yield [];
        await clock.sleep(180_000);
      }
      yield [{ type: 'message_started' }];
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the model above reads nothing of it
  const request = { signal: new AbortController().signal } as ModelRequest;
  const failures: unknown[] = [];
  const events = callWithRetry(model, request, {
    clock,
    deadlineMs: Infinity,
    stallTimeoutMs: 240_000,
    onRetry: (failure) => failures.push(failure),
  });
  const first = events.next();
  await clock.advance(1_800_000);
  expect(await first).toEqual({ done: false, value: [{ type: 'message_started' }] });
  expect(failures).toEqual([]);
});

test('an unreachable endpoint fails the run with the network error', async () => {
  const harness = await setup({
    defaultTurn: () => ({ unreachable: 'fetch failed: ECONNREFUSED' }),
  });
  const { run } = await createRun(harness);
  // The SDK's own retries wait on the platform's timers.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await harness.engine.tick();
  const ended = new AbortController();
  void harness.engine.idle().then(() => ended.abort());
  for (let second = 0; !ended.signal.aborted && second < 100; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    await harness.clock.advance(1000);
  }
  const { status, last_error } = await readRun(harness, run);
  expect([status, last_error?.code]).toEqual(['failed', 'server_error']);
  expect(last_error?.message).toContain('ECONNREFUSED');
  expect(harness.upstream.requests).toHaveLength(21);
});

/** A run whose model call was rejected once and will be retried. */
async function runWaitingForRetry(turn: Turn) {
  const harness = await setup({ defaultTurn: () => turn });
  const created = await createRun(harness);
  await harness.engine.tick();
  await waitUntil(() => harness.upstream.requests.length > 0);
  await harness.clock.advance(0);
  return { harness, ...created };
}

describe('while a retry is pending', () => {
  // The SDK waits on the platform's timers, so its retry does not happen during the test.
  const waitingPlaces = [
    ['in the engine', rejection(429)],
    ['in the SDK', rejection(429, { 'retry-after': '59', 'x-should-retry': 'true' })],
  ] satisfies [string, Turn][];

  test.each(waitingPlaces)('%s, a run is cancelled at once', async (_, turn) => {
    const { harness, run, thread_id } = await runWaitingForRetry(turn);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    await harness.engine.idle();
    expect((await readRun(harness, run)).status).toBe('cancelled');
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test.each(waitingPlaces)('%s, a run is released at once', async (_, turn) => {
    const { harness } = await runWaitingForRetry(turn);
    await harness.engine.stop(0);
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('in the SDK, a run expires on time', async () => {
    const { harness, run } = await runWaitingForRetry(
      rejection(429, { 'retry-after': '59', 'x-should-retry': 'true' }),
    );
    await harness.clock.advance(600_000);
    await harness.engine.idle();
    expect((await readRun(harness, run)).status).toBe('expired');
  });
});
