import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type Certificate,
  createCertificate,
  type TlsFiles,
  trust,
  writeTlsFiles,
} from '../support/certificates.ts';
import { startServe } from '../support/serve.ts';

/** Why `serve` does not start with the files. */
const startError = async ({ argv }: Pick<TlsFiles, 'argv'>): Promise<string> =>
  startServe({ argv }).then(
    () => 'it started',
    (error: unknown) => String(error),
  );

const encrypt = (key: string, type: 'pkcs8' | 'sec1'): string =>
  createPrivateKey(key)
    .export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
    .toString();

const notACertificate = ({ certFile }: TlsFiles) =>
  `--tls-cert: ${certFile} is not a certificate in PEM format, which starts with -----BEGIN CERTIFICATE-----.`;

const isEncrypted = ({ keyFile }: TlsFiles) =>
  `--tls-key: ${keyFile} is encrypted. Decrypt it, for example with: openssl pkey -in ${keyFile} -out NEW_FILE`;

const isOtherKey = ({ certFile, keyFile }: TlsFiles) =>
  `--tls-key: the key in ${keyFile} does not belong to the first certificate in ${certFile}.`;

type Change = (own: Certificate, other: Certificate) => Partial<Certificate>;

const cases: readonly [string, Change, (files: TlsFiles) => string][] = [
  ['no certificate', () => ({ cert: 'nothing' }), notACertificate],
  ['an empty certificate', () => ({ cert: '' }), notACertificate],
  ['half a certificate', ({ cert }) => ({ cert: cert.slice(0, 200) }), notACertificate],
  ['the files exchanged', ({ cert, key }) => ({ cert: key, key: cert }), notACertificate],
  [
    'no key',
    () => ({ key: 'nothing' }),
    ({ keyFile }) => `--tls-key: ${keyFile} is not a private key in PEM format.`,
  ],
  ['the key of another certificate', (_own, { key }) => ({ key }), isOtherKey],
  [
    'another certificate before its own',
    ({ cert }, other) => ({ cert: `${other.cert}\n${cert}` }),
    isOtherKey,
  ],
  ['an encrypted key', ({ key }) => ({ key: encrypt(key, 'pkcs8') }), isEncrypted],
  ['a key encrypted the old way', ({ key }) => ({ key: encrypt(key, 'sec1') }), isEncrypted],
];

test.each(cases)('with %s, serve says so and does not start', async (_name, change, message) => {
  const own = await createCertificate();
  const files = writeTlsFiles({ ...own, ...change(own, await createCertificate()) });
  expect(await startError(files)).toBe(`Error: ${message(files)}`);
});

test('a file that cannot be read is named with the reason', async () => {
  const files = writeTlsFiles(await createCertificate());
  const { certFile, keyFile } = files;
  rmSync(keyFile);
  expect(await startError(files)).toBe(
    `Error: --tls-key: cannot read ${keyFile}: the file does not exist.`,
  );
  rmSync(certFile);
  mkdirSync(certFile);
  expect(await startError(files)).toBe(
    `Error: --tls-cert: cannot read ${certFile}: it is a directory.`,
  );
});

test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
  'a file of another user is named with the reason',
  async () => {
    const files = writeTlsFiles(await createCertificate());
    chmodSync(files.keyFile, 0);
    expect(await startError(files)).toBe(
      `Error: --tls-key: cannot read ${files.keyFile}: permission denied.`,
    );
  },
);

test('one file may hold the certificate and the key', async () => {
  const certificate = await createCertificate();
  trust(certificate);
  const { certFile } = writeTlsFiles(certificate);
  const file = join(dirname(certFile), 'both.pem');
  writeFileSync(file, `${certificate.key}\n${certificate.cert}`);
  const served = await startServe({ argv: ['--tls-cert', file, '--tls-key', file] });
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
});
