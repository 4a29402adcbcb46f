import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];

/** Makes a certificate for 127.0.0.1 with openssl; resolves to the paths of its two PEM files. */
export async function createCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-days', '2', '-out', cert, '-keyout', key];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...subject, ...files]);
  return { cert, key };
}
