import { expect, test } from 'vitest';
import { setup, type Harness } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, readRun, submitOutputs } from '../../support/conversation.ts';
import { functionCall } from '../../support/upstream-items.ts';

/** The log lines of runs that ended, without time and level. */
const runEndLogs = ({ logLines: lines }: Harness) =>
  lines.flatMap((line) => {
    const { time: _time, level, message, ...fields } = JSON.parse(line);
    return message === 'run ended' ? [{ level, ...fields }] : [];
  });

test('a run that ends logs one line with its status, model, seconds and tokens', async () => {
  const harness = await setup();
  harness.upstream.respondWith({ output: [functionCall('get_weather', {})] }, {});
  const { run, thread_id } = await createRun(harness);
  await harness.clock.advance(2000);
  await harness.runToEnd();
  expect(runEndLogs(harness)).toEqual([]);
  await submitOutputs(harness, await readRun(harness, run));
  await harness.clock.advance(3000);
  await harness.runToEnd();
  expect(runEndLogs(harness)).toEqual([
    {
      level: 'info',
      run_id: run.id,
      thread_id,
      status: 'completed',
      model: 'gpt-4.1-mini',
      seconds: 5,
      tokens: 30,
    },
  ]);
});

test('a run that fails logs its error', async () => {
  const harness = await setup();
  harness.upstream.respondWith({
    http: { status: 400, error: { message: 'Bad.', code: 'invalid_prompt' } },
  });
  await createRun(harness);
  await harness.runToEnd();
  expect(runEndLogs(harness)).toMatchObject([
    { status: 'failed', code: 'invalid_prompt', tokens: 0 },
  ]);
  expect(runEndLogs(harness)[0]?.error).toContain('Bad.');
});

test.each(['cancelled', 'expired'])('a run that is %s logs one line', async (status) => {
  const harness = await setup();
  const { run, thread_id } = await createRun(harness);
  if (status === 'cancelled') await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  else await harness.clock.advance(600_000);
  await harness.runToEnd();
  await readRun(harness, run);
  expect(runEndLogs(harness)).toMatchObject([{ run_id: run.id, status }]);
});

test('only the process that ends a run logs it', async () => {
  const database = temporary();
  const harness = await setup({ database });
  const other = await setup({ database, ids: harness.ids, clock: harness.clock });
  other.upstream.respondWith({});
  const { run } = await createRun(harness);
  await other.runToEnd();
  await harness.runToEnd();
  expect((await readRun(harness, run)).status).toBe('completed');
  expect([runEndLogs(harness).length, runEndLogs(other).length]).toEqual([0, 1]);
});
