import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { createClock } from '../../support/clock.ts';
import { setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import {
  startedEventNames,
  collect,
  eventData,
  expectStreamMatchesStored,
  messageEventNames,
  eventNames,
  streamRun,
} from '../../support/run-stream.ts';
import { createRun, readMessages, readRun, readSteps } from '../../support/conversation.ts';
import { createGate, type Turn } from '../../support/upstream.ts';
import { codeCall, textMessage } from '../../support/upstream-items.ts';

const code = {
  tools: [{ type: 'code_interpreter' }],
} satisfies Partial<OpenAI.Beta.AssistantCreateParams>;

const startedStepEvents = ['run.step.created', 'run.step.in_progress', 'run.step.delta'];

/** A turn that pauses after the code has been written and before it runs. */
function pausedTurn(...before: NonNullable<Turn['output']>) {
  const gate = createGate();
  const output = [...before, codeCall('print("slow")', [{ type: 'logs', logs: 'slow' }])];
  return { gate, output, before: 'response.code_interpreter_call_code.done' as const };
}

const callsOf = (step: OpenAI.Beta.Threads.Runs.RunStep | undefined) =>
  step?.step_details.type === 'tool_calls' ? step.step_details.tool_calls : [];

const written = { code_interpreter: { input: 'print("slow")', outputs: [] } };

describe('a run that ends during a code interpreter call', () => {
  test('ends the step as cancelled when the run is cancelled', async () => {
    const harness = await setup();
    const turn = pausedTurn();
    harness.upstream.respondWith(turn);
    const { stream, thread_id } = await streamRun(harness, {}, code);
    const collected = collect(stream);
    await harness.engine.tick();
    await turn.gate.reached;
    const { data } = await harness.openai.beta.threads.runs.list(thread_id);
    await harness.openai.beta.threads.runs.cancel(data[0]?.id ?? '', { thread_id });
    await harness.runToEnd();
    const events = await collected;
    expect(eventNames(events)).toEqual([
      ...startedEventNames,
      ...startedStepEvents,
      'run.cancelling',
      'run.step.cancelled',
      'run.cancelled',
    ]);
    await expectStreamMatchesStored(harness, events);
    const [step] = eventData(events, 'thread.run.step.cancelled');
    expect(callsOf(step)).toMatchObject([written]);
    expect(step?.usage?.total_tokens).toBe(0);
  });

  test('ends the step as expired when the run expires', async () => {
    const harness = await setup({ runLifetime: 60 });
    const turn = pausedTurn();
    harness.upstream.respondWith(turn);
    const { run } = await createRun(harness, {}, code);
    await harness.engine.tick();
    await turn.gate.reached;
    await harness.clock.advance(61_000);
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('expired');
    const steps = await readSteps(harness, run);
    expect(steps).toMatchObject([{ status: 'expired', last_error: null }]);
    expect(steps.flatMap(callsOf)).toMatchObject([written]);
  });

  test('ends the step as failed when the stream breaks', async () => {
    const harness = await setup();
    const output = [codeCall('done()'), codeCall('print("slow")')];
    const codeDone = 'response.code_interpreter_call_code.done';
    harness.upstream.respondWith({
      output,
      // The stream breaks after the code of the second call.
      edit: (events) => {
        const last = events.findLastIndex(({ type }) => type === codeDone);
        return events.filter(({ type }, index) => index >= last || type !== codeDone);
      },
      broken: { how: 'error', before: codeDone },
    });
    const { run } = await createRun(harness, {}, code);
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('failed');
    const steps = await readSteps(harness, run);
    expect(steps).toMatchObject([{ status: 'failed', last_error: { code: 'server_error' } }]);
    expect(steps.flatMap(callsOf)).toMatchObject([
      { code_interpreter: { input: 'done()' } },
      written,
    ]);
  });

  test('ends the step as completed if its calls are done', async () => {
    const harness = await setup();
    harness.upstream.respondWith({
      output: [codeCall('done()'), textMessage('So')],
      broken: { how: 'end', before: 'response.content_part.added' },
    });
    const { run } = await createRun(harness, {}, code);
    await harness.runToEnd();
    expect((await readRun(harness, run)).status).toBe('failed');
    expect(await readSteps(harness, run)).toMatchObject([
      { status: 'completed', last_error: null },
    ]);
  });
});

test('a cancelled turn without usage adds none to its steps', async () => {
  const harness = await setup();
  const turn = pausedTurn(textMessage('Hm.'));
  harness.upstream.respondWith(turn);
  const { run, thread_id } = await createRun(harness, {}, code);
  await harness.engine.tick();
  await turn.gate.reached;
  await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  await harness.runToEnd();
  const steps = await readSteps(harness, run);
  expect(steps.map(({ status, usage }) => [status, usage?.total_tokens])).toEqual([
    ['completed', 0],
    ['cancelled', 0],
  ]);
});

test('steps of a process that died during a call are replaced by those of the next process', async () => {
  const database = temporary();
  const first = await setup({ database });
  const turn = pausedTurn(codeCall('first()'), textMessage('Now.'));
  first.upstream.respondWith({ ...turn, before: 'response.completed' });
  const { run, thread_id } = await createRun(first, {}, code);
  await first.engine.tick();
  await turn.gate.reached;
  const second = await setup({ database, ids: first.ids, clock: createClock() });
  await second.clock.advance(120_000);
  second.upstream.respondWith({ output: [codeCall('second()'), textMessage('Done.')] });
  await second.runToEnd();
  expect(await readRun(second, run)).toMatchObject({ status: 'completed' });
  const steps = await readSteps(second, run);
  expect(steps.map(({ type }) => type)).toEqual(['tool_calls', 'message_creation']);
  expect(steps.flatMap(callsOf)).toMatchObject([{ code_interpreter: { input: 'second()' } }]);
  expect(await readMessages(second, thread_id)).toHaveLength(2);
  turn.gate.open();
  await first.engine.idle();
});

test('a stream of another process’s run shows finished and unfinished code, then the rest', async () => {
  const database = temporary();
  const first = await setup({ database });
  const second = await setup({ database, ids: first.ids, clock: first.clock });
  const turn = pausedTurn(codeCall('first()', [{ type: 'logs', logs: '1' }]));
  second.upstream.respondWith({ ...turn, output: [...turn.output, textMessage('Done.')] });
  const { stream } = await streamRun(first, {}, code);
  const collected = collect(stream);
  await second.engine.tick();
  await turn.gate.reached;
  await first.clock.advance(1000);
  turn.gate.open();
  await second.engine.idle();
  await first.clock.advance(1000);
  const events = await collected;
  expect(eventNames(events)).toEqual([
    ...startedEventNames,
    ...startedStepEvents,
    'run.step.completed',
    ...messageEventNames,
    'run.completed',
  ]);
  await expectStreamMatchesStored(first, events);
  const deltas = eventData(events, 'thread.run.step.delta').flatMap(({ delta }) =>
    delta.step_details?.type === 'tool_calls' ? (delta.step_details.tool_calls ?? []) : [],
  );
  const inputs = deltas.map((call) =>
    call.type === 'code_interpreter' ? (call.code_interpreter?.input ?? '') : '',
  );
  expect(inputs.join('')).toBe('first()print("slow")');
});

test('a lost code step is ended as failed in the stream before the run repeats it', async () => {
  const database = temporary();
  const first = await setup({ database });
  const turn = pausedTurn();
  first.upstream.respondWith(turn);
  const { stream } = await streamRun(first, {}, code);
  const collected = collect(stream);
  await first.engine.tick();
  await turn.gate.reached;
  const second = await setup({ database, ids: first.ids, clock: createClock() });
  await second.clock.advance(120_000);
  second.upstream.respondWith({ output: [codeCall('second()'), textMessage('Done.')] });
  await second.runToEnd();
  await first.clock.advance(1000);
  expect(eventNames(await collected)).toEqual([
    ...startedEventNames,
    ...startedStepEvents,
    'run.step.failed',
    ...startedStepEvents,
    'run.step.completed',
    ...messageEventNames,
    'run.completed',
  ]);
  turn.gate.open();
  await first.engine.idle();
});
