import { errorReason } from '../../../shared/errors.ts';
import { DatabaseError } from '../errors.ts';

/** libpq's `sslmode` → the mode that the driver knows. */
const driverModes: Readonly<Record<string, string>> = {
  disable: 'disable',
  allow: 'disable',
  prefer: 'prefer',
  require: 'require',
  'no-verify': 'prefer',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
};

const parse = (url: string) => {
  const [base = '', query = ''] = url.split(/\?(.*)/su);
  return { base, settings: new URLSearchParams(query) };
};

function toDriverMode(mode: string, settings: URLSearchParams): string {
  const driverMode = driverModes[mode];
  if (driverMode === undefined) {
    const names = Object.keys(driverModes).join(', ');
    throw new DatabaseError(`Invalid sslmode '${mode}' in the database URL; use one of ${names}.`);
  }
  if (driverMode === 'verify-ca' && !settings.has('sslrootcert')) {
    throw new DatabaseError(
      "sslmode=verify-ca in the database URL requires sslrootcert, the CA's certificate file. Without one, use verify-full, which trusts Node's CAs.",
    );
  }
  return driverMode;
}

/**
 * The URL for the driver, with libpq's meaning of `sslmode`: `require` only encrypts, `verify-full`
 * also checks the certificate and host name. Throws a {@link DatabaseError}.
 */
export function toConnectionString(url: string): string {
  const { base, settings } = parse(url);
  if (settings.get('sslrootcert') === 'system') settings.delete('sslrootcert');
  const mode = settings.get('sslmode');
  if (mode !== null) settings.set('sslmode', toDriverMode(mode, settings));
  settings.set('uselibpqcompat', 'true');
  return `${base}?${settings.toString()}`;
}

/** The URL without TLS if its `sslmode` only prefers TLS; else null. */
export function withoutTls(url: string): string | null {
  const { base, settings } = parse(url);
  if (settings.get('sslmode') !== 'prefer') return null;
  settings.set('sslmode', 'disable');
  return `${base}?${settings.toString()}`;
}

/** The driver's error for a server without TLS; unlike libpq, it does not fall back by itself. */
export const hasNoTls = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('server does not support SSL');

/** Node's codes for an untrusted certificate. Its messages advise on Node's own options. */
const untrustedCodes: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Why a connection failed, as a clause without a full stop. */
export function connectionProblem(error: unknown): string {
  const isUntrusted = error instanceof Error && 'code' in error && untrustedCodes.has(error.code);
  return isUntrusted
    ? "no known CA signed the server's certificate; name the CA's certificate file with sslrootcert in the URL"
    : errorReason(error);
}
