import { errorReason } from '../../../shared/errors.ts';
import { DatabaseError } from '../errors.ts';

/** What a URL may say of TLS, and what that is for a driver that knows fewer words. */
const modes: Readonly<Record<string, string>> = {
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

function checkMode(mode: string, settings: URLSearchParams): string {
  const known = modes[mode];
  if (known === undefined) {
    const names = Object.keys(modes).join(', ');
    throw new DatabaseError(`The database's sslmode must be one of ${names}; '${mode}' is not.`);
  }
  if (known === 'verify-ca' && !settings.has('sslrootcert')) {
    throw new DatabaseError(
      "The database's sslmode verify-ca takes an sslrootcert, the file of the authority's certificate; verify-full does without.",
    );
  }
  return known;
}

/**
 * The URL as the driver is to understand it: as PostgreSQL's own tools do, where `require` alone
 * encrypts and `verify-full` also asks who is there. Throws a {@link DatabaseError}.
 */
export function toConnectionString(url: string): string {
  const { base, settings } = parse(url);
  if (settings.get('sslrootcert') === 'system') settings.delete('sslrootcert');
  const mode = settings.get('sslmode');
  if (mode !== null) settings.set('sslmode', checkMode(mode, settings));
  settings.set('uselibpqcompat', 'true');
  return `${base}?${settings.toString()}`;
}

/** The URL without TLS where that is merely preferred; null where it has to be as the URL says. */
export function withoutTls(url: string): string | null {
  const { base, settings } = parse(url);
  if (settings.get('sslmode') !== 'prefer') return null;
  settings.set('sslmode', 'disable');
  return `${base}?${settings.toString()}`;
}

/** The driver's word for a server that does without TLS, which the driver itself then does not. */
export const hasNoTls = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('server does not support SSL');

/** Node's codes for certificates that nobody vouches for. Its own advice is for those who run Node. */
const untrusted: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Why a server cannot be used, without a full stop. */
export function connectionProblem(error: unknown): string {
  const isUntrusted = error instanceof Error && 'code' in error && untrusted.has(error.code);
  return isUntrusted
    ? 'no authority that is known here vouches for its certificate; sslrootcert in the URL can name the file of one'
    : errorReason(error);
}
