import { dirname } from 'node:path';
import { once } from 'node:events';
import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createCertificate, trust, writeTlsFiles } from '../support/certificates.ts';
import { type Server, startServer } from './server.ts';

const env = { ASSISTANTS_MODEL_API: 'scripted' };
const listening = z.looseObject({ message: z.literal('listening'), rest: z.url() });

async function urlOf(server: Server): Promise<URL> {
  await server.logged('"listening"');
  const line = server
    .stderr()
    .split('\n')
    .find((text) => text.includes('"listening"'));
  return new URL(listening.parse(JSON.parse(line ?? '')).rest);
}

/** The name in the certificate that a new connection gets, and the version of the protocol. */
async function handshake({ hostname, port }: URL, options: ConnectionOptions = {}) {
  const address = { host: hostname, port: Number(port) };
  const socket = connect({ ...address, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  const protocol = socket.getProtocol();
  socket.destroy();
  return { name: subject.CN, protocol };
}

const nameAt = async (url: URL) => (await handshake(url)).name;

test.skipIf(process.platform === 'win32')(
  'serve with TLS reads its certificate again on SIGHUP and ends on SIGTERM',
  async () => {
    const first = await createCertificate({ name: 'first' });
    trust(first);
    const { argv, certFile, keyFile } = writeTlsFiles(first);
    const files = { ASSISTANTS_TLS_CERT: certFile, ASSISTANTS_TLS_KEY: keyFile };
    expect(argv).toHaveLength(4);
    const server = startServer({ args: ['serve', '--port', '0'], env: { ...env, ...files } });
    const url = await urlOf(server);
    expect((await fetch(`${url.href}/assistants`)).status).toBe(200);
    expect(await nameAt(url)).toBe('first');
    writeTlsFiles(await createCertificate({ name: 'second' }), dirname(certFile));
    server.signal('SIGHUP');
    await server.logged('TLS certificate reloaded');
    expect(await nameAt(url)).toBe('second');
    writeTlsFiles({ cert: 'nothing', key: 'nothing' }, dirname(certFile));
    server.signal('SIGHUP');
    await server.logged('the previous certificate stays in use');
    expect(await nameAt(url)).toBe('second');
    server.signal('SIGTERM');
    expect(await server.exited).toBe(0);
  },
);

test.skipIf(process.platform === 'win32')('SIGHUP ends serve without TLS', async () => {
  const server = startServer({ args: ['serve', '--port', '0'], env });
  await urlOf(server);
  server.signal('SIGHUP');
  expect(await server.exited).toBe('SIGHUP');
});

test('serve with files that cannot be used says why and exits with 1', async () => {
  const { argv } = writeTlsFiles({ cert: 'nothing', key: 'nothing' });
  const server = startServer({ args: ['serve', '--port', '0', ...argv], env });
  expect(await server.exited).toBe(1);
  expect(server.stderr()).toMatch(/"message":"--tls-cert: \S+ is not a certificate in PEM format/u);
});

test('serve with TLS speaks 1.2 and 1.3 and nothing older, whatever Node.js allows', async () => {
  const { argv } = writeTlsFiles(await createCertificate());
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const node = [process.execPath, '--tls-min-v1.0', `--tls-cipher-list=${ciphers}`] as const;
  const server = startServer({ args: ['serve', '--port', '0', ...argv], env, node });
  const url = await urlOf(server);
  const at = (version: SecureVersion) =>
    handshake(url, { minVersion: version, maxVersion: version, ciphers });
  expect(await at('TLSv1.2')).toMatchObject({ protocol: 'TLSv1.2' });
  expect(await at('TLSv1.3')).toMatchObject({ protocol: 'TLSv1.3' });
  await expect(at('TLSv1.1')).rejects.toThrow(/alert protocol version/u);
  await server.logged('TLS handshake failed');
});
