import { DatabaseError } from './database-error.ts';

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

/**
 * The URL as the driver is to understand it: as PostgreSQL's own tools do, where `require` alone
 * encrypts and `verify-full` also asks who is there. Throws a {@link DatabaseError}.
 */
export function toConnectionString(url: string): string {
  const [base = '', query = ''] = url.split(/\?(.*)/su);
  const settings = new URLSearchParams(query);
  const mode = settings.get('sslmode');
  if (mode !== null) {
    const known = modes[mode];
    if (known === undefined) {
      const names = Object.keys(modes).join(', ');
      throw new DatabaseError(`The database's sslmode must be one of ${names}; '${mode}' is not.`);
    }
    settings.set('sslmode', known);
  }
  if (settings.get('sslrootcert') === 'system') settings.delete('sslrootcert');
  settings.set('uselibpqcompat', 'true');
  return `${base}?${settings.toString()}`;
}
