import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setDefaultCACertificates } from 'node:tls';
import { generate } from 'selfsigned';
import { temporary } from './temporary-files.ts';

const day = 86_400_000;

export interface Certificate {
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
}

/** Creates a self-signed certificate for this machine; `days` is when it expires, from now. */
export async function createCertificate({
  name = 'localhost',
  days = 36_500,
} = {}): Promise<Certificate> {
  const now = Date.now();
  const pem = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    notBeforeDate: new Date(now - 2 * day),
    notAfterDate: new Date(now + days * day),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { cert: pem.cert, key: pem.private };
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** The flags of `serve`. */
  readonly argv: readonly string[];
}

/** Writes a certificate into the files of a server, new ones by default. */
export function writeTlsFiles(
  { cert, key }: Certificate,
  folder = dirname(temporary('cert.pem')),
): TlsFiles {
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { certFile, keyFile, argv: ['--tls-cert', certFile, '--tls-key', keyFile] };
}

/** Makes `fetch` and the SDKs of this process trust certificates, in place of all others. */
export const trust = (...certificates: readonly Certificate[]): void =>
  setDefaultCACertificates(certificates.map(({ cert }) => cert));
