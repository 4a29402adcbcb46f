import { join } from 'node:path';
import { sql } from 'kysely';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DatabaseError, openDatabase } from '../../src/engine/store/open.ts';
import { makeCertificate, password, certificatesUnavailable } from '../support/cluster.ts';
import { temporaryCluster } from '../support/postgres.ts';

beforeEach(({ skip }) => {
  if (certificatesUnavailable !== null) skip(certificatesUnavailable);
});

/** Whether the way to a database is encrypted, or why it cannot be opened: all after its name. */
async function reach(url: string): Promise<boolean | string> {
  try {
    const db = await openDatabase(url);
    onTestFinished(() => db.destroy());
    const used = sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return (await used.execute(db)).rows[0]?.ssl ?? 'nobody knows';
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message.replace(/^Cannot open the database postgres:\/\/[\w.:]+\/postgres: /u, '');
  }
}

const encryptedCluster = () =>
  temporaryCluster(async (folder) => {
    await makeCertificate(folder);
    return ['ssl=on', ...['cert', 'key'].map(settingOf(folder))];
  });

const settingOf = (folder: string) => (kind: string) =>
  `ssl_${kind}_file=${join(folder, kind === 'cert' ? 'server.pem' : 'server.key')}`;

const untrusted =
  "no known CA signed the server's certificate; name the CA's certificate file with sslrootcert in the URL.";

test('TLS is as the URL asks for', async () => {
  const { url, folder } = await encryptedCluster();
  const own = `sslrootcert=${join(folder, 'authority.pem')}`;
  const elsewhere = url.replace('localhost', '127.0.0.1');
  expect({
    nothing: await reach(url),
    disable: await reach(`${url}?sslmode=disable`),
    prefer: await reach(`${url}?sslmode=prefer`),
    require: await reach(`${url}?sslmode=require`),
    'verify-ca': await reach(`${elsewhere}?sslmode=verify-ca&${own}`),
    'verify-full': await reach(`${url}?sslmode=verify-full&${own}`),
  }).toEqual({
    nothing: false,
    disable: false,
    prefer: true,
    require: true,
    'verify-ca': true,
    'verify-full': true,
  });
});

test('a certificate that does not fit is one sentence, and the password is in none', async () => {
  const { url, folder } = await encryptedCluster();
  const own = `sslrootcert=${join(folder, 'authority.pem')}`;
  const elsewhere = url.replace('localhost', '127.0.0.1');
  const { folder: strangers } = await encryptedCluster();
  const strange = `sslrootcert=${join(strangers, 'authority.pem')}`;
  const refusals = {
    'unknown authority': await reach(`${url}?sslmode=verify-full`),
    'other authority': await reach(`${url}?sslmode=verify-full&${strange}`),
    'other authority, any name': await reach(`${url}?sslmode=verify-ca&${strange}`),
    'other name': await reach(`${elsewhere}?sslmode=verify-full&${own}`),
    'no such file': await reach(`${url}?sslmode=verify-full&sslrootcert=/nowhere.pem`),
    'wrong password': await reach(`${url.replace(password, `${password}5`)}?sslmode=require`),
  };
  expect(refusals).toEqual({
    'unknown authority': untrusted,
    'other authority': untrusted,
    'other authority, any name': untrusted,
    'other name': expect.stringContaining("does not match certificate's altnames"),
    'no such file': "ENOENT: no such file or directory, open '/nowhere.pem'.",
    'wrong password': 'password authentication failed for user "ada".',
  });
  expect(JSON.stringify(refusals)).not.toContain(password);
});

test('a server without TLS is enough where that is merely preferred', async () => {
  const { url } = await temporaryCluster();
  expect(await reach(`${url}?sslmode=prefer`)).toBe(false);
  expect(await reach(`${url}?sslmode=require`)).toBe(
    'The server does not support SSL connections.',
  );
});
