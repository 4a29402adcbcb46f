import { expect, test } from 'vitest';
import { setup, type Setup } from '../../support/engine.ts';
import { temporary } from '../../support/temporary-files.ts';
import { createRun, readRun, submit } from '../../support/conversation.ts';
import { calls } from '../../support/upstream-items.ts';

/** The log lines of runs that ended, without time and level. */
const endings = ({ lines }: Setup) =>
  lines.flatMap((line) => {
    const { time: _time, level, message, ...fields } = JSON.parse(line);
    return message === 'run ended' ? [{ level, ...fields }] : [];
  });

test('a run that ends leaves one line, which says what it was and what it took', async () => {
  const it = await setup();
  it.upstream.will({ output: [calls('get_weather', {})] }, {});
  const { run, thread_id } = await createRun(it);
  await it.clock.advance(2000);
  await it.runToEnd();
  expect(endings(it)).toEqual([]);
  await submit(it, await readRun(it, run));
  await it.clock.advance(3000);
  await it.runToEnd();
  expect(endings(it)).toEqual([
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

test('one that fails says why', async () => {
  const it = await setup();
  it.upstream.will({ http: { status: 400, error: { message: 'Bad.', code: 'invalid_prompt' } } });
  await createRun(it);
  await it.runToEnd();
  expect(endings(it)).toMatchObject([{ status: 'failed', code: 'invalid_prompt', tokens: 0 }]);
  expect(endings(it)[0]?.error).toContain('Bad.');
});

test.each(['cancelled', 'expired'])('one that is %s too', async (status) => {
  const it = await setup();
  const { run, thread_id } = await createRun(it);
  if (status === 'cancelled') await it.openai.beta.threads.runs.cancel(run.id, { thread_id });
  else await it.clock.advance(600_000);
  await it.runToEnd();
  await readRun(it, run);
  expect(endings(it)).toMatchObject([{ run_id: run.id, status }]);
});

test('only the process that ended it says so', async () => {
  const database = temporary();
  const it = await setup({ database });
  const other = await setup({ database, ids: it.ids, clock: it.clock });
  other.upstream.will({});
  const { run } = await createRun(it);
  await other.runToEnd();
  await it.runToEnd();
  expect((await readRun(it, run)).status).toBe('completed');
  expect([endings(it).length, endings(other).length]).toEqual([0, 1]);
});
