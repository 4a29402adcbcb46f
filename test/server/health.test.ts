import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { createClock, start } from '../support/clock.ts';
import { fill, mountSmallDisk, smallDiskUnavailable } from '../support/small-disk.ts';
import { temporary } from '../support/temporary-files.ts';
import { setupOverHttp } from '../support/http.ts';
import { readMetrics } from '../support/metrics.ts';
import { sdkFor, type RunningServe, startServe, writeRaw } from '../support/serve.ts';
import { collect, streamRun } from '../support/run-stream.ts';

const token = 'let-me-in-0123456789-abcdefgh';

const health = z.strictObject({
  status: z.enum(['ok', 'unavailable']),
  version: z.string(),
  database: z.strictObject({ reachable: z.boolean(), reason: z.string().nullable() }),
  clock: z.strictObject({ skew_ms: z.int() }),
  files: z.enum(['local', 'endpoint']).nullable(),
  last_model_call: z.strictObject({ at: z.int(), succeeded: z.boolean() }).nullable(),
});

async function readHealth({ url }: Pick<RunningServe, 'url'>) {
  const response = await fetch(`${url}/healthz`);
  return { status: response.status, body: health.parse(await response.json()) };
}

const lastCall = (at: number, succeeded: boolean) => ({
  status: 200,
  body: { status: 'ok', last_model_call: { at, succeeded } },
});

const reachable = { reachable: true, reason: null };

describe('/healthz', () => {
  test('reports the version and a reachable database', async () => {
    const served = await startServe();
    expect(await readHealth(served)).toEqual({
      status: 200,
      body: {
        status: 'ok',
        version: '1.2.3',
        database: reachable,
        clock: { skew_ms: expect.any(Number) },
        files: 'local',
        last_model_call: null,
      },
    });
  });

  test('reports the last model call and stays healthy when it failed', async () => {
    const clock = createClock();
    const harness = await setupOverHttp({ clock });
    const at = start / 1000;
    harness.upstream.respondWith({}, { http: { status: 400, error: { message: 'No.' } } });
    await collect((await streamRun(harness)).stream);
    expect(await readHealth(harness)).toMatchObject(lastCall(at, true));
    await clock.advance(5000);
    await collect((await streamRun(harness)).stream);
    expect(await readHealth(harness)).toMatchObject(lastCall(at + 5, false));
  });

  test('answers 503 with the reason when the database is damaged; /metrics still works', async () => {
    const database = temporary();
    const served = await startServe({ argv: ['--database', database] });
    expect((await readHealth(served)).status).toBe(200);
    await sdkFor(served).beta.threads.create();
    const connection = new DatabaseSync(database);
    connection.exec('pragma wal_checkpoint(truncate)');
    connection.close();
    writeFileSync(database, 'garbage '.repeat(10_000));
    // The server notices at its next write; until then it reads from its cache.
    await expect(sdkFor(served).beta.threads.create()).rejects.toThrow('500');
    const { status, body } = await readHealth(served);
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: 'unavailable', database: { reachable: false } });
    expect(body.database.reason).toMatch(/^its file is (?:damaged|not a database)$/u);
    const metrics = await readMetrics(served);
    expect(metrics['database_up']).toBe(0);
    expect(Object.keys(metrics).filter((name) => name.startsWith('runs{'))).toEqual([]);
  });
});

const problem = (reason: string) => ({
  status: 503,
  body: { status: 'unavailable', database: { reachable: true, reason } },
});

/** Clients see an error; the text says which. */
const failsToCreate = (served: RunningServe, content: string) =>
  expect(
    sdkFor(served).beta.threads.create({ messages: [{ role: 'user', content }] }),
  ).rejects.toThrow('500');

describe('/healthz without writes', () => {
  test('answers 503 when the file is deleted or replaced under the server', async () => {
    const database = temporary();
    const served = await startServe({ argv: ['--database', database] });
    await sdkFor(served).beta.threads.create();
    const elsewhere = join(dirname(database), 'elsewhere.db');
    renameSync(database, elsewhere);
    expect(await readHealth(served)).toMatchObject(
      problem('its file was deleted or moved; restart the server'),
    );
    writeFileSync(database, '');
    expect(await readHealth(served)).toMatchObject(
      problem('its file was replaced by another one; restart the server'),
    );
    rmSync(database);
    renameSync(elsewhere, database);
    expect((await readHealth(served)).status).toBe(200);
  });

  test('answers 503 while an error of the database stops every write, and then 200', async () => {
    const database = temporary();
    const served = await startServe({ argv: ['--database', database] });
    const other = new DatabaseSync(database);
    onTestFinished(() => other.close());
    other.exec('alter table threads rename to elsewhere');
    await failsToCreate(served, 'Hello.');
    for (const _ of [1, 2]) {
      const { status, body } = await readHealth(served);
      expect([status, body.database.reachable]).toEqual([503, true]);
      expect(body.database.reason).toContain('no such table: threads');
    }
    other.exec('alter table elsewhere rename to threads');
    expect(await readHealth(served)).toMatchObject({ status: 200, body: { database: reachable } });
    expect({ ...other.prepare('select count(*) as count from threads').get() }).toEqual({
      count: 0,
    });
  });

  test('writes nothing while writes work', async () => {
    const database = temporary();
    const served = await startServe({ argv: ['--database', database] });
    await sdkFor(served).beta.threads.create();
    const state = () => {
      const { size, mtimeNs } = statSync(`${database}-wal`, { bigint: true });
      return { size, mtimeNs };
    };
    const before = state();
    for (const _ of [1, 2, 3]) expect((await readHealth(served)).status).toBe(200);
    expect(state()).toEqual(before);
  });

  const why = smallDiskUnavailable();

  test.skipIf(why !== null)('answers 503 while the disk is full', async () => {
    const folder = mountSmallDisk();
    const served = await startServe({ argv: ['--database', join(folder, 'a.db')] });
    await sdkFor(served).beta.threads.create();
    expect((await readHealth(served)).status).toBe(200);
    const free = fill(folder);
    await failsToCreate(served, 'word '.repeat(50_000));
    const full = problem('its disk is full');
    expect(await readHealth(served)).toMatchObject(full);
    expect(await readHealth(served)).toMatchObject(full);
    free();
    expect((await readHealth(served)).status).toBe(200);
    expect(await sdkFor(served).beta.threads.create()).toMatchObject({ object: 'thread' });
    await served.stop();
  });
});

describe.each(['/healthz', '/metrics'])('%s', (path) => {
  const withToken = { ASSISTANTS_MODEL_API: 'scripted', ASSISTANTS_TOKEN: token };

  test('requires the token', async () => {
    const { url } = await startServe({ env: withToken });
    expect((await fetch(url + path)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(url + path, { headers })).status).toBe(200);
  });

  test('rejects unknown hosts and origins', async () => {
    const served = await startServe();
    const status = async (...headers: string[]) =>
      (await writeRaw(served, [`GET ${path} HTTP/1.1`, ...headers])).status;
    expect(await status('Host: evil.example')).toBe(403);
    expect(await status('Host: localhost', 'Origin: https://evil.example')).toBe(403);
    expect(await status('Host: localhost')).toBe(200);
  });

  test('accepts only GET and HEAD and is not cached', async () => {
    const { url } = await startServe();
    const posted = await fetch(url + path, { method: 'POST', body: '{}' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(url + path, { method: 'HEAD' });
    expect([head.status, head.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await head.text()).toBe('');
    expect((await fetch(`${url}/v1${path}`)).status).toBe(404);
  });
});
