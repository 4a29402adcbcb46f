import { expect, test } from 'vitest';
import { createRun } from '../../support/conversation.ts';
import { setup, type Harness } from '../../support/engine.ts';
import { createRunStatistics } from '../../../src/engine/routes/run-statistics.ts';

const start = 1_790_000_000;

const get = async ({ request }: Harness, path: string) => (await request('GET', path)).body;

const idsOf = (body: { data: { id: string }[] }) => body.data.map(({ id }) => id);

async function prepare() {
  const harness = await setup({ model: 'scripted' });
  const completed = await createRun(harness, {}, { tools: [] });
  await harness.runToEnd();
  await harness.clock.advance(100_000);
  const waiting = await createRun(harness, { model: 'gpt-5' });
  await harness.runToEnd();
  return { harness, completed, waiting };
}

test('lists the runs of all threads, newest first, without their settings', async () => {
  const { harness, completed, waiting } = await prepare();
  const body = await get(harness, '/runs');
  expect(body.data).toMatchObject([
    { id: waiting.run.id, model: 'gpt-5', status: 'requires_action', usage: null },
    { id: completed.run.id, model: 'gpt-4.1-mini', status: 'completed', created_at: start },
  ]);
  expect(body.data[0]).not.toHaveProperty('tools');
  const query = `/runs?limit=1&after=${waiting.run.id}`;
  expect(idsOf(await get(harness, query))).toEqual([completed.run.id]);
});

test('filters runs by status, assistant and time', async () => {
  const { harness, completed, waiting } = await prepare();
  const query = async (text: string) => idsOf(await get(harness, `/runs?${text}`));
  expect(await query('status=completed')).toEqual([completed.run.id]);
  expect(await query(`assistant_id=${waiting.assistant_id}`)).toEqual([waiting.run.id]);
  expect(await query(`created_before=${start + 100}`)).toEqual([completed.run.id]);
  expect(await query('status=failed')).toEqual([]);
});

test('shows an overdue run as expired', async () => {
  const { harness, waiting } = await prepare();
  await harness.clock.advance(600_000);
  expect(idsOf(await get(harness, '/runs?status=expired'))).toEqual([waiting.run.id]);
});

test('reads a run whose settings do not begin as usual', async () => {
  const harness = await setup({ model: 'scripted' });
  const { run, assistant_id } = await createRun(harness, { model: `gpt-"${'\\'.repeat(1500)}` });
  const body = await get(harness, '/runs');
  expect(body.data).toMatchObject([{ id: run.id, assistant_id, model: run.model }]);
});

test('counts runs, failures, tokens and durations by interval', async () => {
  const { harness } = await prepare();
  const period = `created_after=${start}&created_before=${start + 3600}`;
  const body = await get(harness, `/runs/statistics?${period}&interval=60`);
  expect(body).toEqual({
    object: 'run.statistics',
    created_after: start,
    created_before: start + 3600,
    interval: 60,
    is_complete: true,
    data: [
      {
        start,
        runs: 1,
        runs_by_status: { completed: 1 },
        tokens_by_model: { 'gpt-4.1-mini': expect.any(Number) },
        p50_seconds: 0,
        p95_seconds: 0,
      },
      {
        start: start + 60,
        runs: 1,
        runs_by_status: { requires_action: 1 },
        tokens_by_model: {},
        p50_seconds: null,
        p95_seconds: null,
      },
    ],
  });
});

test('takes the percentiles of the durations', () => {
  const statistics = createRunStatistics({ created_after: 0, created_before: 10, interval: 60 });
  for (let seconds = 100; seconds >= 1; seconds -= 1) {
    statistics.add({
      id: 'run_1',
      object: 'thread.run.overview',
      created_at: 5,
      assistant_id: 'asst_1',
      thread_id: 'thread_1',
      status: 'failed',
      started_at: null,
      expires_at: null,
      cancelled_at: null,
      failed_at: 5 + seconds,
      completed_at: null,
      required_action: null,
      last_error: null,
      model: 'm',
      incomplete_details: null,
      usage: null,
    });
  }
  const { data, is_complete } = statistics.finish(false);
  expect(data).toMatchObject([{ runs: 100, p50_seconds: 50, p95_seconds: 95 }]);
  expect(is_complete).toBe(false);
});

test.each([
  ['/runs/statistics', 'created_after'],
  ['/runs/statistics?created_after=1&created_before=2&interval=1', 'interval'],
  ['/runs?limit=0', 'limit'],
])('rejects %s', async (path, field) => {
  const { status, body } = await (await setup()).request('GET', path);
  expect(status).toBe(400);
  expect(body.error.message).toContain(field);
});

test('answers an unknown cursor and another method with an error', async () => {
  const { request } = await setup();
  expect((await request('GET', '/runs?after=run_unknown')).status).toBe(404);
  expect((await request('POST', '/runs', {})).status).toBe(404);
});
