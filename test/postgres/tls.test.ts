import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DatabaseError, openDatabase } from '../../src/engine/store/open.ts';
import { createCertificate, password, certificatesUnavailable } from '../support/cluster.ts';
import { temporaryCluster } from '../support/postgres.ts';

beforeEach(({ skip }) => {
  if (certificatesUnavailable !== null) skip(certificatesUnavailable);
});

/** Whether the connection to a database is encrypted, or the reason why it cannot be opened. */
async function connect(url: string): Promise<boolean | string> {
  try {
    const db = await openDatabase(url);
    onTestFinished(() => db.destroy());
    const statement = sql<{
      ssl: boolean;
    }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return (await statement.execute(db)).rows[0]?.ssl ?? 'the session is not listed';
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message.replace(/^Cannot open the database postgres:\/\/[\w.:]+\/postgres: /u, '');
  }
}

const startTlsCluster = () =>
  temporaryCluster(async (folder) => {
    await createCertificate(folder);
    return [
      'ssl=on',
      `ssl_cert_file=${join(folder, 'server.pem')}`,
      `ssl_key_file=${join(folder, 'server.key')}`,
    ];
  });

/** The URL parameter for the authority that signed the certificate of the server in `folder`. */
const rootCertificate = (folder: string) => `sslrootcert=${join(folder, 'authority.pem')}`;

/** The same server by its address, which is not in its certificate. */
const byAddress = (url: string) => url.replace('localhost', '127.0.0.1');

const untrusted =
  "no known CA signed the server's certificate; name the CA's certificate file with sslrootcert in the URL.";

test('each sslmode encrypts the connection as libpq does', async () => {
  const { url, folder } = await startTlsCluster();
  const authority = rootCertificate(folder);
  expect({
    default: await connect(url),
    disable: await connect(`${url}?sslmode=disable`),
    prefer: await connect(`${url}?sslmode=prefer`),
    require: await connect(`${url}?sslmode=require`),
    'verify-ca': await connect(`${byAddress(url)}?sslmode=verify-ca&${authority}`),
    'verify-full': await connect(`${url}?sslmode=verify-full&${authority}`),
  }).toEqual({
    default: false,
    disable: false,
    prefer: true,
    require: true,
    'verify-ca': true,
    'verify-full': true,
  });
});

test('a rejected certificate or password is reported in one sentence without the password', async () => {
  const { url, folder } = await startTlsCluster();
  const authority = rootCertificate(folder);
  const otherAuthority = rootCertificate((await startTlsCluster()).folder);
  const errors = {
    'unknown authority': await connect(`${url}?sslmode=verify-full`),
    'other authority': await connect(`${url}?sslmode=verify-full&${otherAuthority}`),
    'other authority, any name': await connect(`${url}?sslmode=verify-ca&${otherAuthority}`),
    'other name': await connect(`${byAddress(url)}?sslmode=verify-full&${authority}`),
    'no such file': await connect(`${url}?sslmode=verify-full&sslrootcert=/nowhere.pem`),
    'wrong password': await connect(`${url.replace(password, `${password}5`)}?sslmode=require`),
  };
  expect(errors).toEqual({
    'unknown authority': untrusted,
    'other authority': untrusted,
    'other authority, any name': untrusted,
    'other name': expect.stringContaining("does not match certificate's altnames"),
    'no such file': "ENOENT: no such file or directory, open '/nowhere.pem'.",
    'wrong password': 'password authentication failed for user "ada".',
  });
  expect(JSON.stringify(errors)).not.toContain(password);
});

test('a server without TLS is accepted by sslmode=prefer and rejected by sslmode=require', async () => {
  const { url } = await temporaryCluster();
  expect(await connect(`${url}?sslmode=prefer`)).toBe(false);
  expect(await connect(`${url}?sslmode=require`)).toBe(
    'The server does not support SSL connections.',
  );
});
