import { Client } from 'pg';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/shared/clock.ts';
import { clusterUnavailable } from '../support/cluster.ts';
import { temporaryCluster } from '../support/postgres.ts';
import { startServe } from '../support/serve.ts';

beforeEach(({ skip }) => {
  if (clusterUnavailable !== null) skip(clusterUnavailable);
});

const deadline = 2000;

/** `serve` on a server of its own, and what it answers about its health in time or too late. */
async function serving() {
  const cluster = await temporaryCluster();
  let isLate = false;
  const clock: Clock = {
    now: () => systemClock.now(),
    sleep: (ms, signal) =>
      isLate && ms === deadline ? Promise.resolve() : systemClock.sleep(ms, signal),
  };
  const { url } = await startServe({ argv: ['--database', cluster.url], clock });
  const health = async (time: 'in time' | 'too late') => {
    isLate = time === 'too late';
    const answer = await fetch(`${url}/healthz`);
    return { status: answer.status, body: await answer.json() };
  };
  return { cluster, health };
}

const well = { status: 200, body: { status: 'ok', database: { reachable: true } } };
const reason = 'it does not answer within 2 seconds';
const late = {
  status: 503,
  body: { status: 'unavailable', database: { reachable: false, reason } },
};

test('a database that does not answer in time is none', async () => {
  const { cluster, health } = await serving();
  expect(await health('in time')).toMatchObject(well);
  const client = new Client({ connectionString: cluster.url });
  onTestFinished(() => client.end());
  await client.connect();
  await client.query('begin; lock table runs in access exclusive mode');
  const several = [health('too late'), health('too late'), health('too late')];
  for (const answer of await Promise.all(several)) expect(answer).toMatchObject(late);
  const waiting = async () => {
    const { rows } = await client.query(
      `select pid from pg_stat_activity
       where wait_event_type = 'Lock' and query like '%group by "status"%'`,
    );
    return rows.length;
  };
  while ((await waiting()) === 0);
  // However often it was asked, it has one question to answer.
  expect(await waiting()).toBe(1);
  await client.query('commit');
  expect(await health('in time')).toMatchObject(well);
});

test('a server that is down is none, until it is back', async () => {
  const { cluster, health } = await serving();
  await cluster.stop('fast');
  expect((await health('too late')).status).toBe(503);
  await cluster.start();
  while ((await health('in time')).status !== 200);
  expect(await health('in time')).toMatchObject(well);
});
