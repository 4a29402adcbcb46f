import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { errorReason } from '../shared/errors.ts';
import { fieldOf } from '../shared/json.ts';

/** The files of `--tls-cert` and `--tls-key`. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate with its key, as a server of `node:tls` takes them. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
  /** When the certificate expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

const fileProblems: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'the file does not exist'],
  ['EACCES', 'permission denied'],
  ['EISDIR', 'it is a directory'],
]);

async function readPem(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'latin1');
  } catch (error) {
    const reason = fileProblems.get(fieldOf(error, 'code')) ?? errorReason(error);
    throw new Error(`${flag}: cannot read ${file}: ${reason}.`, { cause: error });
  }
}

function parseCertificate(text: string, file: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    const expected = 'a certificate in PEM format, which starts with -----BEGIN CERTIFICATE-----';
    throw new Error(`--tls-cert: ${file} is not ${expected}.`, { cause: error });
  }
}

function parseKey(text: string, file: string): KeyObject {
  if (/^-----BEGIN ENCRYPTED|^Proc-Type: *4, *ENCRYPTED/mu.test(text)) {
    throw new Error(
      `--tls-key: ${file} is encrypted. Decrypt it, for example with: openssl pkey -in ${file} -out NEW_FILE`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new Error(`--tls-key: ${file} is not a private key in PEM format.`, { cause: error });
  }
}

/** Reads a certificate and its key; rejects with an Error for people unless a server can use them. */
export async function readTlsFiles(files: TlsFiles): Promise<TlsIdentity> {
  const [cert, key] = [
    await readPem('--tls-cert', files.cert),
    await readPem('--tls-key', files.key),
  ];
  const certificate = parseCertificate(cert, files.cert);
  if (!certificate.checkPrivateKey(parseKey(key, files.key))) {
    throw new Error(
      `--tls-key: the key in ${files.key} does not belong to the first certificate in ${files.cert}.`,
    );
  }
  const identity = { cert, key, minVersion: 'TLSv1.2' } as const;
  try {
    createSecureContext(identity);
  } catch (error) {
    throw new Error(`--tls-cert: ${files.cert} cannot be used: ${errorReason(error)}.`, {
      cause: error,
    });
  }
  return { ...identity, expiresAt: Date.parse(certificate.validTo) };
}
