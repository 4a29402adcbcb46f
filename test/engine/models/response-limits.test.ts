import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { boundResponses, maxErrorBodyBytes } from '../../../src/engine/models/bounded-fetch.ts';
import { readSseData } from '../../../src/engine/models/sse-reader.ts';
import { createRun, readRun } from '../../support/conversation.ts';
import { setup } from '../../support/engine.ts';
import { endlessStream, runAt } from '../../support/faulty-endpoint.ts';

const mebibyte = 1024 ** 2;

const apis = ['responses', 'chat'] as const;

/** Serves up to 2 GiB of zeros, compressed to about 2 MiB, as one JSON response. */
async function listenWithBomb(): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    const gzip = createGzip({ level: 1 });
    gzip.pipe(response);
    response.on('close', () => gzip.destroy());
    const chunk = Buffer.alloc(mebibyte, ' ');
    let chunks = 0;
    const write = () => {
      while (chunks < 2048 && !gzip.destroyed) {
        chunks += 1;
        if (!gzip.write(chunk)) return void gzip.once('drain', write);
      }
      return void gzip.end();
    };
    write();
  });
  await new Promise<void>((listening) => {
    server.listen(0, '127.0.0.1', listening);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/v1`;
}

test.each(apis)('the %s model fails the run at a compressed response of 2 GiB', async (api) => {
  const baseURL = await listenWithBomb();
  let calls = 0;
  const fetch: typeof globalThis.fetch = (input, init) => {
    calls += 1;
    return globalThis.fetch(input, init);
  };
  const endpoint = { fetch, rejections: [] };
  const harness = await setup({ model: api, baseURL, key: null, endpoint });
  const { run } = await createRun(harness);
  await harness.runToEnd();
  expect(await readRun(harness, run)).toMatchObject({
    status: 'failed',
    last_error: { message: expect.stringContaining('more than 64 MiB') },
  });
  expect(calls).toBe(1);
});

test.each(apis)('the %s model reads only the start of an endless error', async (api) => {
  const { body, chunksRead } = endlessStream('Bad gateway. '.repeat(1000), 100_000);
  const { run, calls } = await runAt(api, () => new Response(body, { status: 400 }));
  expect(run.last_error?.message).toMatch(/Bad gateway\..*…/u);
  expect(run.last_error?.message.length).toBeLessThanOrEqual(2000);
  expect(chunksRead()).toBeLessThan(20);
  expect(calls).toBe(1);
});

test('an error body is cut, and its status and headers are kept', async () => {
  const body = 'x'.repeat(maxErrorBodyBytes + 1);
  const fetch = boundResponses(
    async () => new Response(body, { status: 503, headers: { 'retry-after': '7' } }),
  );
  const response = await fetch('http://localhost/v1/responses');
  expect((await response.text()).length).toBe(maxErrorBodyBytes);
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
});

test('a file may be larger than an answer', async () => {
  const { body } = endlessStream('x'.repeat(mebibyte), 65);
  const fetch = boundResponses(async () => new Response(body));
  const response = await fetch('http://localhost/v1/files/file-1/content');
  expect((await response.arrayBuffer()).byteLength).toBe(65 * mebibyte);
});

test('a response without a body is passed on', async () => {
  const fetch = boundResponses(async () => new Response(null, { status: 204 }));
  expect((await fetch('http://localhost/v1/files')).status).toBe(204);
});

/** Reads one event in chunks of 1 KiB; resolves to the computing time that it took. */
async function readLargeEvent(kibibytes: number): Promise<number> {
  const encoder = new TextEncoder();
  const chunk = encoder.encode('x'.repeat(1024));
  const chunks = [
    encoder.encode('data: '),
    ...Array.from({ length: kibibytes }, () => chunk),
    encoder.encode('\r\n\r\n'),
  ];
  const start = process.cpuUsage();
  let length = 0;
  for await (const events of readSseData(ReadableStream.from(chunks))) {
    for (const { text } of events) length += text.length;
  }
  expect(length).toBe(kibibytes * 1024);
  return process.cpuUsage(start).user;
}

/** The computing time for as many bytes in events of this size; the shortest of three measurements. */
async function shortest(kibibytes: number): Promise<number> {
  const times: number[] = [];
  for (let sample = 0; sample < 3; sample += 1) {
    let time = 0;
    for (let read = 0; read < 12_000; read += kibibytes) time += await readLargeEvent(kibibytes);
    times.push(time);
  }
  return Math.min(...times);
}

test('a large event in small chunks is read in linear time', async () => {
  // One event of 60 times the length takes 60 times as long when every chunk is read again.
  expect((await shortest(12_000)) / (await shortest(200))).toBeLessThan(25);
});
