import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Model, ModelRequest } from '../../../src/engine/models/model.ts';
import { callWithRetry } from '../../../src/engine/models/retry.ts';
import { createClock, waitUntil } from '../../support/clock.ts';
import { setup, type Harness } from '../../support/engine.ts';
import { createRun, readMessages, readRun, readSteps, textOf } from '../../support/conversation.ts';
import { functionCall, textMessage } from '../../support/upstream-items.ts';
import { createGate, type Turn } from '../../support/upstream.ts';

/** An error that the SDK leaves to its caller unless it asks for a wait that the SDK would keep. */
const refused = (
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
const breaksOff = (before: NonNullable<Turn['broken']>['before'], how: 'error' | 'end' = 'error') =>
  ({ broken: { how, before } }) satisfies Turn;
const atOnce = 'response.output_item.added';

/** Passes the time until the worker has nothing more to do; gives the seconds it took. */
async function waitOut(harness: Harness): Promise<number> {
  const begun = harness.clock.now();
  await harness.engine.tick();
  const over = new AbortController();
  const ended = harness.engine.idle().then(() => over.abort());
  await harness.clock.advance(0);
  while (!over.signal.aborted) await harness.clock.advance(500);
  await ended;
  return (harness.clock.now() - begun) / 1000;
}

/** A run whose model does what the turns say, one after the other, and how long it took. */
async function endure(...turns: Turn[]) {
  const harness = await setup();
  harness.upstream.respondWith(...turns);
  const made = await createRun(harness);
  const seconds = await waitOut(harness);
  return { it: harness, seconds, ...made, run: await readRun(harness, made.run) };
}

describe('a model call is made again', () => {
  test.each([429, 500, 503, 408, 409])('after a %i, when it is time', async (status) => {
    const { it: harness, seconds, run } = await endure(refused(status), {});
    expect(run.status).toBe('completed');
    expect(harness.upstream.requests).toHaveLength(2);
    expect(seconds).toBeGreaterThanOrEqual(90);
    expect(seconds).toBeLessThanOrEqual(91);
  });

  test('by the SDK, which does what Retry-After says', async () => {
    const soon = { 'retry-after-ms': '1', 'x-should-retry': 'true' };
    const { it: harness, run } = await endure(refused(429, soon), refused(500, soon), {});
    expect(run.status).toBe('completed');
    expect(harness.logLines.join('')).not.toContain('model call retried');
    expect(harness.upstream.requests).toHaveLength(3);
  });

  test('when Retry-After is a date', async () => {
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    const { run, seconds } = await endure(
      refused(429, { date, 'retry-after': 'Wed, 21 Oct 2026 07:30:00 GMT' }),
      {},
    );
    expect(run.status).toBe('completed');
    expect(seconds).toBeGreaterThanOrEqual(120);
  });

  test.each([
    ['breaks off', breaksOff(atOnce)],
    ['ends early', breaksOff(atOnce, 'end')],
    ['fails', { failed: { code: 'server_error', message: 'Try again.' } }],
    [
      'says that there is an error',
      { output: [], errorEvent: { code: 'rate_limit_exceeded', message: 'Slow.' } },
    ],
    [
      'breaks off in the arguments of a call',
      {
        output: [functionCall('get_weather', { city: 'Oslo' })],
        ...breaksOff('response.function_call_arguments.done'),
      },
    ],
  ] satisfies [string, Turn][])('when the stream %s before anything was said', async (_, turn) => {
    const {
      it: harness,
      run,
      thread_id,
      seconds,
    } = await endure(turn, turn, { output: [textMessage('Snow.')] });
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
    ['answers nothing', 'answer'],
    ['says nothing', atOnce],
  ] as const)('when the model %s for too long', async (_, before) => {
    const { it: harness, run, seconds } = await endure({ gate: createGate(), before }, {});
    expect(run.status).toBe('completed');
    expect(harness.upstream.requests).toHaveLength(2);
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
    expect(seconds).toBeGreaterThanOrEqual(240);
  });
});

describe('a run fails with the real cause', () => {
  test('when trouble does not end: about a minute later', async () => {
    const turn = breaksOff(atOnce);
    const {
      it: harness,
      run,
      thread_id,
      seconds,
    } = await endure(...Array.from({ length: 9 }, () => turn));
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

  test('at once when the wait would outlast it', async () => {
    const { it: harness, run, seconds } = await endure(refused(429, { 'retry-after': '601' }));
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'rate_limit_exceeded' } });
    expect(run.last_error?.message).toContain('Not now.');
    expect([harness.upstream.requests.length, seconds]).toEqual([1, 0]);
  });

  test('at once when the quota is spent', async () => {
    const allowed = { 'retry-after-ms': '1', 'x-should-retry': 'true' };
    const { it: harness, run } = await endure(refused(429, allowed, 'insufficient_quota'));
    expect(run).toMatchObject({ status: 'failed', last_error: { code: 'rate_limit_exceeded' } });
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('at once when something was said already', async () => {
    const output = [textMessage('It is cold and')];
    const {
      it: harness,
      run,
      seconds,
    } = await endure({
      output,
      ...breaksOff('response.output_text.done'),
    });
    expect([run.status, harness.upstream.requests.length, seconds]).toEqual(['failed', 1, 0]);
  });

  test('when the model stands still in the middle of a message', async () => {
    const output = [textMessage('It is cold and')];
    const gate = createGate();
    const {
      it: harness,
      run,
      thread_id,
    } = await endure({
      output,
      gate,
      before: 'response.output_text.done',
    });
    expect(run.last_error).toEqual({
      code: 'server_error',
      message: 'The model said nothing for 240 seconds.',
    });
    expect(harness.upstream.requests[0]?.signal?.aborted).toBe(true);
    const [, message] = await readMessages(harness, thread_id);
    expect(message?.incomplete_details).toEqual({ reason: 'run_failed' });
  });
});

test('a model that thinks for long, but shows that it does, is not given up', async () => {
  const clock = createClock();
  const model: Model = {
    unavailable: null,
    unsupportedTools: () => Promise.resolve(null),
    async *respond() {
      for (let minute = 0; minute < 30; minute += 3) {
        yield { type: 'pulse' };
        await clock.sleep(180_000);
      }
      yield { type: 'message_started' };
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the model above reads nothing of it
  const request = { signal: new AbortController().signal } as ModelRequest;
  const failures: unknown[] = [];
  const events = callWithRetry(model, request, {
    clock,
    until: Infinity,
    onRetry: (failure) => failures.push(failure),
  });
  const first = events.next();
  await clock.advance(1_800_000);
  expect(await first).toEqual({ done: false, value: { type: 'message_started' } });
  expect(failures).toEqual([]);
});

test('an endpoint that cannot be reached', async () => {
  const harness = await setup({
    defaultTurn: () => ({ unreachable: 'fetch failed: ECONNREFUSED' }),
  });
  const { run } = await createRun(harness);
  // The SDK waits between its own attempts by the timers of the platform.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  await harness.engine.tick();
  const over = new AbortController();
  void harness.engine.idle().then(() => over.abort());
  for (let second = 0; !over.signal.aborted && second < 100; second += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    await harness.clock.advance(1000);
  }
  const { status, last_error } = await readRun(harness, run);
  expect([status, last_error?.code]).toEqual(['failed', 'server_error']);
  expect(last_error?.message).toContain('ECONNREFUSED');
  expect(harness.upstream.requests).toHaveLength(21);
});

/** A run whose model has refused once, and is to be asked again. */
async function waiting(turn: Turn) {
  const harness = await setup({ defaultTurn: () => turn });
  const made = await createRun(harness);
  await harness.engine.tick();
  await waitUntil(() => harness.upstream.requests.length > 0);
  await harness.clock.advance(0);
  return { it: harness, ...made };
}

describe('while it waits to call again', () => {
  // The second is waited for by the SDK, by the timers of the platform: nobody has so much time.
  const pauses = [
    ['here', refused(429)],
    ['in the SDK', refused(429, { 'retry-after': '59', 'x-should-retry': 'true' })],
  ] satisfies [string, Turn][];

  test.each(pauses)('(%s) a run is cancelled at once', async (_, turn) => {
    const { it: harness, run, thread_id } = await waiting(turn);
    await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
    await harness.engine.idle();
    expect((await readRun(harness, run)).status).toBe('cancelled');
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test.each(pauses)('(%s) a run is handed back at once', async (_, turn) => {
    const { it: harness } = await waiting(turn);
    await harness.engine.stop(0);
    expect(harness.upstream.requests).toHaveLength(1);
  });

  test('(in the SDK) a run expires on time', async () => {
    const { it: harness, run } = await waiting(
      refused(429, { 'retry-after': '59', 'x-should-retry': 'true' }),
    );
    await harness.clock.advance(600_000);
    await harness.engine.idle();
    expect((await readRun(harness, run)).status).toBe('expired');
  });
});
