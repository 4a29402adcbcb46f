import { expect, test } from 'vitest';
import { isPostgresUrl, redactedLocation } from '../../src/shared/urls.ts';
import { toConnectionString } from '../../src/engine/store/postgres/connection-url.ts';

test.each([
  ['postgres://ada:secret@host:5432/db?sslmode=require', 'postgres://host:5432/db'],
  ['postgresql://ada:p@ss@host/db', 'postgresql://host/db'],
  ['postgres:///db?host=/run/postgresql&password=secret', 'postgres:///db'],
  ['postgres://host/db', 'postgres://host/db'],
])('shows the PostgreSQL URL %s as %s', (location, name) => {
  expect([isPostgresUrl(location), redactedLocation(location)]).toEqual([true, name]);
});

test.each(['/var/lib/a.db', ':memory:', 'postgres.db', 'C:\\a?b@c.db'])(
  'treats %s as a file and shows it unchanged',
  (location) => {
    expect([isPostgresUrl(location), redactedLocation(location)]).toEqual([false, location]);
  },
);

const driverSettings = (url: string) =>
  Object.fromEntries(new URL(toConnectionString(url)).searchParams);

test.each([
  ['disable', 'disable'],
  ['allow', 'disable'],
  ['prefer', 'prefer'],
  ['require', 'require'],
  ['no-verify', 'prefer'],
  ['verify-ca', 'verify-ca'],
  ['verify-full', 'verify-full'],
])('passes sslmode=%s to the driver as %s', (mode, sslmode) => {
  const url = `postgres://ada:sec%2Fret@host/db?sslmode=${mode}&sslrootcert=/ca.pem`;
  expect(driverSettings(url)).toEqual({ sslmode, sslrootcert: '/ca.pem', uselibpqcompat: 'true' });
  expect(toConnectionString(url)).toContain('postgres://ada:sec%2Fret@host/db?');
});

test('passes other settings on and rejects unknown sslmodes', () => {
  expect(driverSettings('postgres://host/db?options=-c%20a%3Db&sslrootcert=/ca.pem')).toEqual({
    options: '-c a=b',
    sslrootcert: '/ca.pem',
    uselibpqcompat: 'true',
  });
  expect(() => toConnectionString('postgres://a:secret@host/db?sslmode=sure')).toThrow(
    "Invalid sslmode 'sure' in the database URL; use one of disable, allow, prefer, require, no-verify, verify-ca, verify-full.",
  );
});

test('drops sslrootcert=system, which Node uses anyway, and rejects it with verify-ca', () => {
  const url = 'postgres://host/db?sslrootcert=system&sslmode=';
  expect(driverSettings(`${url}verify-full`)).toEqual({
    sslmode: 'verify-full',
    uselibpqcompat: 'true',
  });
  expect(() => toConnectionString(`${url}verify-ca`)).toThrow(
    "sslmode=verify-ca in the database URL requires sslrootcert, the CA's certificate file. Without one, use verify-full, which trusts Node's CAs.",
  );
});
