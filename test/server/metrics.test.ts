import { expect, test } from 'vitest';
import { createMetrics } from '../../src/server/metrics.ts';
import { createClock, start, waitUntil } from '../support/clock.ts';
import { setup } from '../support/engine.ts';
import { temporary } from '../support/temporary-files.ts';
import { setupOverHttp } from '../support/http.ts';
import { parseMetrics, readMetrics } from '../support/metrics.ts';
import { sdkFor, startServe } from '../support/serve.ts';
import { collect, streamRun } from '../support/run-stream.ts';
import { createRun, createThread, readRun } from '../support/conversation.ts';
import { createGate } from '../support/upstream.ts';
import { functionCall, textMessage } from '../support/upstream-items.ts';

const model = 'gpt-4.1-mini';

test('/metrics starts with zero counts and the metrics of the process', async () => {
  const served = await startServe();
  const metrics = await readMetrics(served);
  expect(metrics).toMatchObject({
    'info{version="1.2.3"}': 1,
    database_up: 1,
    'runs{status="queued"}': 0,
    'runs{status="in_progress"}': 0,
    'runs{status="requires_action"}': 0,
    'runs{status="cancelling"}': 0,
    'runs_ended_total{status="completed"}': 0,
    'runs_ended_total{status="expired"}': 0,
    run_queue_wait_seconds_count: 0,
    lease_takeovers_total: 0,
    open_streams: 0,
  });
  const all = parseMetrics(await (await fetch(`${served.url}/metrics`)).text());
  expect(all.get('process_resident_memory_bytes')).toBeGreaterThan(2 ** 20);
  expect([...all.keys()].some((name) => name.startsWith('nodejs_eventloop_lag'))).toBe(true);
});

test('/metrics counts runs, model calls and tokens', async () => {
  const clock = createClock();
  const harness = await setupOverHttp({ clock });
  harness.upstream.respondWith(
    { usage: [100, 20, 60, 5] },
    { http: { status: 400, error: { message: 'No.' } } },
    { output: [functionCall('get_weather', {})], usage: [10, 1] },
  );
  for (let run = 0; run < 3; run += 1) await collect((await streamRun(harness)).stream);
  expect(await readMetrics(harness)).toMatchObject({
    'runs{status="requires_action"}': 1,
    'runs{status="queued"}': 0,
    'runs_ended_total{status="completed"}': 1,
    'runs_ended_total{status="failed"}': 1,
    run_queue_wait_seconds_count: 3,
    run_queue_wait_seconds_sum: 0,
    [`model_call_seconds_count{model="${model}",outcome="succeeded"}`]: 2,
    [`model_call_seconds_count{model="${model}",outcome="failed"}`]: 1,
    [`model_tokens_total{model="${model}",kind="prompt"}`]: 110,
    [`model_tokens_total{model="${model}",kind="cached"}`]: 60,
    [`model_tokens_total{model="${model}",kind="completion"}`]: 21,
    [`model_tokens_total{model="${model}",kind="reasoning"}`]: 5,
  });
});

test('/metrics measures the duration of model calls and counts interrupted ones', async () => {
  const clock = createClock();
  const harness = await setupOverHttp({ clock });
  const gates = [createGate(), createGate()] as const;
  const before = 'response.output_text.done';
  harness.upstream.respondWith({ gate: gates[0], before }, { gate: gates[1], before });
  const first = await streamRun(harness);
  const events = collect(first.stream);
  await gates[0].reached;
  expect(await readMetrics(harness)).toMatchObject({ 'runs{status="in_progress"}': 1 });
  await clock.advance(3000);
  gates[0].open();
  await events;
  const { run, thread_id } = await createRun(harness);
  await gates[1].reached;
  await harness.openai.beta.threads.runs.cancel(run.id, { thread_id });
  await waitUntil(async () => (await readRun(harness, run)).status === 'cancelled');
  gates[1].open();
  const interrupted = `model_call_seconds_count{model="${model}",outcome="interrupted"}`;
  await waitUntil(async () => (await readMetrics(harness))[interrupted] === 1);
  expect(await readMetrics(harness)).toMatchObject({
    'runs_ended_total{status="cancelled"}': 1,
    [`model_call_seconds_sum{model="${model}",outcome="succeeded"}`]: 3,
    [`model_call_seconds_bucket{le="2.5",model="${model}",outcome="succeeded"}`]: 0,
    [`model_call_seconds_bucket{le="5",model="${model}",outcome="succeeded"}`]: 1,
  });
});

test('/metrics counts retries, and each retry as a model call', async () => {
  const clock = createClock();
  const harness = await setupOverHttp({ clock });
  const busy = { status: 503, error: { message: 'Later.' }, headers: { 'retry-after': '90' } };
  harness.upstream.respondWith({ http: busy }, { http: busy }, {});
  let hasEnded = false;
  const events = collect((await streamRun(harness)).stream).then(() => (hasEnded = true));
  await waitUntil(async () => {
    await clock.advance(1000);
    return hasEnded;
  });
  await events;
  expect(await readMetrics(harness)).toMatchObject({
    [`model_retries_total{model="${model}"}`]: 2,
    [`model_call_seconds_count{model="${model}",outcome="failed"}`]: 2,
    [`model_call_seconds_count{model="${model}",outcome="succeeded"}`]: 1,
  });
});

test('/metrics counts a run taken over from a dead process and the queue time of another', async () => {
  const database = temporary();
  const dead = await setup({ database });
  const gate = createGate();
  dead.upstream.respondWith({
    output: [textMessage('Half a')],
    gate,
    before: 'response.output_text.done',
  });
  await createRun(dead);
  await dead.engine.tick();
  await gate.reached;
  await createRun(dead);
  const clock = createClock(start + 120_000);
  const harness = await setupOverHttp({
    argv: ['--database', database],
    clock,
    defaultTurn: () => ({}),
  });
  const ended = 'runs_ended_total{status="completed"}';
  await waitUntil(async () => (await readMetrics(harness))[ended] === 2);
  expect(await readMetrics(harness)).toMatchObject({
    lease_takeovers_total: 1,
    run_queue_wait_seconds_count: 1,
    run_queue_wait_seconds_sum: 120,
    [`model_call_seconds_count{model="${model}",outcome="succeeded"}`]: 2,
  });
});

test('/metrics counts requests by route and status, not by path', async () => {
  const served = await startServe();
  const openai = sdkFor(served);
  const { id } = await createThread({ openai });
  await openai.beta.threads.messages.list(id);
  await openai.beta.threads.retrieve('thread_none').catch(() => undefined);
  await openai.models.list().catch(() => undefined);
  for (const path of ['/nowhere', '/nowhere/else', '/mcp', '/healthz']) {
    await fetch(served.url + path);
  }
  const metrics = await readMetrics(served);
  const requests = Object.entries(metrics).filter(([name]) => name.startsWith('http_requests'));
  expect(Object.fromEntries(requests)).toEqual({
    'http_requests_total{route="threads",status="200"}': 1,
    'http_requests_total{route="messages",status="200"}': 1,
    'http_requests_total{route="threads",status="404"}': 1,
    'http_requests_total{route="upstream",status="501"}': 1,
    'http_requests_total{route="none",status="404"}': 2,
    'http_requests_total{route="mcp",status="405"}': 1,
    'http_requests_total{route="health",status="200"}': 1,
  });
});

test('/metrics counts open streams until either side ends them', async () => {
  const harness = await setupOverHttp({ clock: createClock() });
  const gate = createGate(2);
  const before = 'response.output_text.done';
  harness.upstream.respondWith({ gate, before }, { gate, before });
  const finished = await streamRun(harness);
  const aborted = await streamRun(harness);
  await gate.reached;
  expect((await readMetrics(harness))['open_streams']).toBe(2);
  aborted.stream.controller.abort();
  await waitUntil(async () => (await readMetrics(harness))['open_streams'] === 1);
  gate.open();
  await collect(finished.stream);
  await waitUntil(async () => (await readMetrics(harness))['open_streams'] === 0);
});

test('/metrics has at most a hundred model labels, and "other" for further models', async () => {
  const metrics = createMetrics('1.2.3');
  const { observer } = metrics;
  for (let index = 0; index < 150; index += 1) {
    const report = { outcome: 'succeeded', seconds: 1, usage: null } as const;
    observer.modelCalled(`model "${index}"\n`, report);
    observer.modelRetried(`model "${index}"\n`);
  }
  observer.modelRetried('model "7"\n');
  const samples = parseMetrics(await metrics.render(null));
  const retries = [...samples].filter(([name]) => name.includes('model_retries_total{'));
  expect(retries).toHaveLength(101);
  expect(samples.get('assistants_mcp_model_retries_total{model="other"}')).toBe(50);
  expect(samples.get('assistants_mcp_model_retries_total{model="model \\"7\\"\\n"}')).toBe(2);
});
