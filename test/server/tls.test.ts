import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createCertificate, trust, type TlsFiles, writeTlsFiles } from '../support/certificates.ts';
import { waitUntil } from '../support/clock.ts';
import { type RunningServe, sdkFor, startServe } from '../support/serve.ts';
import { respondJson, startProxy } from '../support/proxy.ts';

const token = 'let-me-in-0123456789-abcdefgh';

async function startTls(env: Record<string, string> = {}) {
  const certificate = await createCertificate();
  trust(certificate);
  const files = writeTlsFiles(certificate);
  const reloads: (() => Promise<void>)[] = [];
  const served = await startServe({
    argv: files.argv,
    env: { ASSISTANTS_MODEL_API: 'scripted', ...env },
    onReload: (reload) => reloads.push(reload),
  });
  return { served, files, reload: () => Promise.all(reloads.map((run) => run())) };
}

/** The name in the certificate that a new connection gets. */
async function nameAt({ port }: RunningServe): Promise<unknown> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

async function openTcp({ port }: RunningServe): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Replaces the certificate by one with another name. */
async function replace({ certFile }: TlsFiles, name: string): Promise<void> {
  writeTlsFiles(await createCertificate({ name }), dirname(certFile));
}

describe('a server with TLS', () => {
  test('answers REST, streams, health and MCP over HTTPS', async () => {
    const { served } = await startTls({ ASSISTANTS_TOKEN: token });
    expect(served.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/u);
    const openai = sdkFor(served, { apiKey: token });
    const assistant = await openai.beta.assistants.create({ model: 'gpt-4o' });
    const thread = { messages: [{ role: 'user' as const, content: 'Hello.' }] };
    const stream = openai.beta.threads.createAndRunStream({ assistant_id: assistant.id, thread });
    expect(await stream.finalMessages()).toHaveLength(1);
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${served.url}/healthz`, { headers })).status).toBe(200);
    const client = new Client({ name: 'test', version: '1' });
    const mcp = new URL(`${served.url}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(mcp, { requestInit: { headers } }));
    onTestFinished(() => client.close());
    const { structuredContent } = await client.callTool({ name: 'list_assistants', arguments: {} });
    expect(structuredContent).toMatchObject({ data: [{ id: assistant.id }] });
  });

  test('checks the host and the origin as without TLS', async () => {
    const { served } = await startTls();
    const get = async (headers: Record<string, string>) => {
      const options = { headers, rejectUnauthorized: false };
      const outgoing = request(`${served.url}/v1/assistants`, options);
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      return [response.statusCode, await text(response)];
    };
    expect(await get({ host: 'evil.example' })).toMatchObject([
      403,
      expect.stringContaining('Host'),
    ]);
    expect(await get({ origin: 'https://evil.example' })).toMatchObject([
      403,
      expect.stringContaining('Origin'),
    ]);
    expect(await get({ origin: served.url })).toMatchObject([200, expect.anything()]);
  });

  test('passes uploads and downloads through to the model endpoint', async () => {
    const certificate = await createCertificate();
    trust(certificate);
    const { served } = await startProxy((incoming, response) => void incoming.pipe(response), {
      argv: writeTlsFiles(certificate).argv,
    });
    const body = 'x'.repeat(5_000_000);
    const response = await fetch(`${served.url}/v1/files`, { method: 'POST', body });
    expect(await response.text()).toBe(body);
  });

  test('closes a connection that does not speak TLS, and serves the next one', async () => {
    const { served } = await startTls();
    const socket = await openTcp(served);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await text(socket).catch(() => '')).not.toContain('HTTP/');
    expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  });

  test('stops although a client has not finished its handshake', async () => {
    const { served } = await startTls();
    const socket = await openTcp(served);
    await served.stop();
    await waitUntil(() => socket.closed);
    expect(socket.bytesRead).toBe(0);
  });

  test('lets a response in progress finish before it stops', async () => {
    const certificate = await createCertificate();
    trust(certificate);
    const { served, firstResponse } = await startProxy(() => {}, {
      argv: writeTlsFiles(certificate).argv,
    });
    const fetching = fetch(`${served.url}/v1/models`);
    const response = await firstResponse;
    const stopped = served.stop();
    respondJson({ late: true })(response.req, response);
    expect(await (await fetching).json()).toEqual({ late: true });
    await stopped;
  });

  test('warns about a certificate that has expired', async () => {
    const { argv, certFile } = writeTlsFiles(await createCertificate({ days: -1 }));
    const served = await startServe({ argv });
    expect(served.lines()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'the TLS certificate has expired',
        file: certFile,
      }),
    );
  });
});

describe('a server that is asked to read its certificate again', () => {
  test('uses the new one for new connections and keeps the open ones', async () => {
    const { served, files, reload } = await startTls();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    onTestFinished(() => agent.destroy());
    const get = async () => {
      const outgoing = request(`${served.url}/healthz`, { agent });
      outgoing.end();
      const [response] = await once(outgoing, 'response');
      await text(response);
      return outgoing.reusedSocket;
    };
    expect(await get()).toBe(false);
    await replace(files, 'second');
    await reload();
    expect(served.lines().at(-1)).toMatchObject({ message: 'TLS certificate reloaded' });
    expect(await nameAt(served)).toBe('second');
    expect(await get()).toBe(true);
  });

  test('keeps the old one while the new files cannot be used', async () => {
    const { served, files, reload } = await startTls();
    const { keyFile } = files;
    const previous = createPrivateKey((await createCertificate()).key);
    writeFileSync(keyFile, previous.export({ type: 'pkcs8', format: 'pem' }));
    await reload();
    expect(served.lines().at(-1)).toMatchObject({
      level: 'error',
      message: expect.stringMatching(
        /^--tls-key: the key in \S+ does not belong to .*; the previous certificate stays in use$/u,
      ),
    });
    expect(await nameAt(served)).toBe('localhost');
    await replace(files, 'third');
    await reload();
    expect(served.lines().at(-1)).toMatchObject({ message: 'TLS certificate reloaded' });
    expect(await nameAt(served)).toBe('third');
  });

  test('reads the last files when asked several times at once', async () => {
    const { served, files, reload } = await startTls();
    writeFileSync(files.certFile, '');
    const first = reload();
    await replace(files, 'last');
    await Promise.all([first, reload(), reload()]);
    expect(await nameAt(served)).toBe('last');
  });
});
