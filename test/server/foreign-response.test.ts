import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { serverKey, startProxy } from '../support/proxy.ts';
import { writeRaw } from '../support/serve.ts';

/** Starts `serve` before an endpoint that answers with these headers and bytes. */
const startAnswering = (
  headers: Record<string, string | string[]>,
  body: string | Buffer,
  status = 200,
  env = {},
) =>
  startProxy(
    (request, response) => {
      request.resume();
      response.writeHead(status, headers).end(body);
    },
    { env },
  );

const script = '<script>fetch("/v1/threads")</script>';

describe('a response of the model endpoint', () => {
  test.each([
    ['text/html', null],
    ['text/html; charset=utf-8', null],
    ['TEXT/HTML', null],
    ['application/xhtml+xml', null],
    ['image/svg+xml', null],
    ['text/xml', null],
    ['application/xml', null],
    ['application/pdf', null],
    ['application/javascript', null],
    ['multipart/x-mixed-replace; boundary=a', null],
    ['application/json, text/html', null],
    ['text/plain; charset=utf-8, text/html', null],
    ['nonsense', null],
    ['', null],
    ['image/svg+xml', 'inline; filename="a.svg"'],
    ['text/html', 'attachment; filename="a.html"'],
  ])('is downloaded and not shown: %s, %s', async (type, disposition) => {
    const { served } = await startAnswering(
      { 'content-type': type, ...(disposition !== null && { 'content-disposition': disposition }) },
      script,
    );
    const { headers, ...response } = await fetch(`${served.url}/v1/files/f/content`).then(
      async (answer) => ({ headers: answer.headers, text: await answer.text() }),
    );
    expect(response.text).toBe(script);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    const name = /;.*/u.exec(disposition ?? '')?.[0] ?? '';
    expect(headers.get('content-disposition')).toBe(`attachment${name}`);
  });

  test.each([
    ['application/json', '{"a":1}'],
    ['application/json; charset=utf-8', '{"a":1}'],
    ['application/problem+json', '{}'],
    ['text/event-stream', 'data: 1\n\n'],
    ['text/plain', script],
    ['image/png', '\x89PNG'],
    ['audio/mpeg', 'ID3'],
    ['application/octet-stream', '\0\xff'],
  ])('keeps its bytes and its disposition: %s', async (type, body) => {
    const bytes = Buffer.from(body, 'latin1');
    const { served } = await startAnswering({ 'content-type': type }, bytes);
    const response = await fetch(`${served.url}/v1/files/f/content`);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(response.headers.has('content-disposition')).toBe(false);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
  });

  test('cannot loosen the policy, navigate or install anything', async () => {
    const { served } = await startAnswering(
      {
        'content-type': 'text/html',
        'content-security-policy': ['sandbox allow-scripts', "default-src 'unsafe-inline'"],
        'x-content-type-options': 'none',
        refresh: '0; url=/v1/threads',
        'clear-site-data': '"*"',
        'service-worker-allowed': '/',
      },
      script,
    );
    const { headers } = await fetch(`${served.url}/v1/files/f/content`);
    expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    for (const name of ['refresh', 'clear-site-data', 'service-worker-allowed']) {
      expect(headers.has(name)).toBe(false);
    }
  });
});

describe('an error of the model endpoint', () => {
  const error = JSON.stringify({ error: { message: `Bad key ${serverKey}. Key: ${serverKey} ü` } });
  const redacted = error.replaceAll(serverKey, '[redacted]');

  test.each([
    ['identity', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('loses the server’s key: %s', async (encoding, encode) => {
    const body = encode(Buffer.from(error));
    const headers = {
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...(encoding !== 'identity' && { 'content-encoding': encoding }),
    };
    for (const status of [400, 401, 500]) {
      const { served } = await startAnswering(headers, body, status);
      const response = await writeRaw(served, ['GET /v1/models HTTP/1.0', 'Host: localhost']);
      expect(response.status).toBe(status);
      expect(Buffer.from(response.body, 'utf8').toString()).toContain(redacted);
      expect(response.headers.has('content-encoding')).toBe(false);
    }
  });

  test('without the key keeps every byte, encoded as it was', async () => {
    const body = gzipSync('{"error":{"message":"No."}}');
    const headers = { 'content-encoding': 'gzip', 'content-length': String(body.length) };
    const { served } = await startAnswering(headers, body, 404);
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('content-length')).toBe(String(body.length));
    expect(await response.text()).toBe('{"error":{"message":"No."}}');
  });

  test.each(['gzip', 'br', 'nonsense'])('that cannot be decoded (%s) is kept', async (encoding) => {
    const { served } = await startAnswering({ 'content-encoding': encoding }, 'broken', 500);
    const lines = ['GET /v1/models HTTP/1.0', 'Host: localhost'];
    expect((await writeRaw(served, lines)).body).toContain('broken');
  });

  test('above 64 KiB, as it is or when decoded, is passed on unread', async () => {
    const large = Buffer.from('x'.repeat(2 ** 16) + serverKey);
    const { served } = await startAnswering({}, large, 500);
    expect(await (await fetch(`${served.url}/v1/models`)).text()).toBe(large.toString());
    const bomb = gzipSync(large);
    const second = await startAnswering({ 'content-encoding': 'gzip' }, bomb, 500);
    expect(await (await fetch(`${second.served.url}/v1/models`)).text()).toBe(large.toString());
  });

  test('does not show the key in a header, and a success keeps its body', async () => {
    const headers = { 'content-type': 'application/json', 'x-debug': `key ${serverKey}` };
    const { served } = await startAnswering(headers, error);
    const response = await fetch(`${served.url}/v1/models`);
    expect(response.headers.get('x-debug')).toBe('key [redacted]');
    expect(await response.text()).toBe(error);
  });

  test('keeps a placeholder for a key, which may be an ordinary word', async () => {
    const body = '{"error":{"message":"Run ollama pull first."}}';
    const { served } = await startAnswering({}, body, 404, { OPENAI_API_KEY: 'ollama' });
    expect(await (await fetch(`${served.url}/v1/models`)).text()).toBe(body);
  });
});
