import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { probeTimeoutMs } from '../../src/server/monitoring.ts';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { clusterUnavailable } from '../support/cluster.ts';
import { temporaryCluster } from '../support/postgres.ts';
import { startServe } from '../support/serve.ts';

beforeEach(({ skip }) => {
  if (clusterUnavailable !== null) skip(clusterUnavailable);
});

/** Real time that PostgreSQL may take to do what a test waits for. */
const timeout = 15_000;

/** `serve` on its own PostgreSQL server; the test decides whether probes time out at once. */
async function startServeOnCluster() {
  const cluster = await temporaryCluster();
  let timesOutAtOnce = false;
  const clock: Clock = {
    now: () => systemClock.now(),
    sleep: (ms, signal) =>
      timesOutAtOnce && ms === probeTimeoutMs ? Promise.resolve() : systemClock.sleep(ms, signal),
  };
  const { url } = await startServe({ argv: ['--database', cluster.url], clock });
  const readHealth = async (probe: 'waits' | 'times out at once') => {
    timesOutAtOnce = probe === 'times out at once';
    const response = await fetch(`${url}/healthz`);
    return { status: response.status, body: await response.json() };
  };
  return { cluster, url, readHealth };
}

const healthy = { status: 200, body: { status: 'ok', database: { reachable: true } } };
const reason = 'it does not answer within 2 seconds';
const unavailable = {
  status: 503,
  body: { status: 'unavailable', database: { reachable: false, reason } },
};

test('/healthz answers 503 while the database does not answer, and sends it one query', async () => {
  const { cluster, readHealth } = await startServeOnCluster();
  expect(await readHealth('waits')).toMatchObject(healthy);
  const client = new Client({ connectionString: cluster.url });
  onTestFinished(() => client.end());
  await client.connect();
  await client.query('begin; lock table runs in access exclusive mode');
  const responses = await Promise.all([
    readHealth('times out at once'),
    readHealth('times out at once'),
    readHealth('times out at once'),
  ]);
  for (const response of responses) expect(response).toMatchObject(unavailable);
  const countBlockedProbes = async () => {
    const { rows } = await client.query(
      `select pid from pg_stat_activity
       where wait_event_type = 'Lock' and query like '%group by "status"%'`,
    );
    return rows.length;
  };
  await expect.poll(countBlockedProbes, { timeout }).toBeGreaterThan(0);
  expect(await countBlockedProbes()).toBe(1);
  await client.query('commit');
  expect(await readHealth('waits')).toMatchObject(healthy);
});

test('/healthz answers 503 while the database is down, and 200 when it is back', async () => {
  const { cluster, readHealth } = await startServeOnCluster();
  await cluster.stop('fast');
  expect((await readHealth('times out at once')).status).toBe(503);
  await cluster.start();
  await expect
    .poll(async () => (await readHealth('waits')).status, { timeout })
    .toBe(healthy.status);
  expect(await readHealth('waits')).toMatchObject(healthy);
});

test('/healthz answers 503 while the server is a standby, and 200 after its promotion', async () => {
  const { cluster, url, readHealth } = await startServeOnCluster();
  const signal = join(cluster.folder, 'data', 'standby.signal');
  const restart = async () => {
    await cluster.stop('fast');
    await cluster.start();
  };
  writeFileSync(signal, '');
  await restart();
  const refusal = 'cannot execute INSERT in a read-only transaction';
  expect(await readHealth('waits')).toMatchObject({
    status: 503,
    body: { database: { reachable: true, reason: refusal } },
  });
  const answer = await fetch(`${url}/v1/threads`, { method: 'POST', body: '{}' });
  expect(await answer.json()).toMatchObject({
    error: { message: `The server cannot use its database: ${refusal}.` },
  });
  rmSync(signal);
  await restart();
  expect(await readHealth('waits')).toMatchObject(healthy);
});
