import type { Config } from '../config/config.ts';
import type { Clock } from '../shared/clock.ts';
import { errorReason } from '../shared/errors.ts';
import type { Log } from '../shared/log.ts';
import type { Listener } from './listener.ts';
import { readTlsFiles, type TlsFiles, type TlsIdentity } from './tls-files.ts';

interface Deps {
  readonly clock: Clock;
  readonly log: Log;
}

/** The files of a server with TLS; null for plain HTTP. */
export const tlsFilesOf = ({ tlsCert, tlsKey }: Config): TlsFiles | null =>
  tlsCert === null || tlsKey === null ? null : { cert: tlsCert, key: tlsKey };

/** Reads the certificate, and warns about one that has expired, because clients refuse it. */
export async function loadTls(files: TlsFiles, { clock, log }: Deps): Promise<TlsIdentity> {
  const identity = await readTlsFiles(files);
  const { expiresAt } = identity;
  if (expiresAt < clock.now()) {
    log.warn('the TLS certificate has expired', {
      file: files.cert,
      expired_at: new Date(expiresAt).toISOString(),
    });
  }
  return identity;
}

/**
 * Returns a function that reads the certificate again for new connections. If the files cannot be
 * used, the certificate stays as it is and the log says why.
 */
export function reloadTls(
  files: TlsFiles,
  listener: Pick<Listener, 'setTls'>,
  deps: Deps,
): () => Promise<void> {
  const { log } = deps;
  let pending = Promise.resolve();
  const reload = async () => {
    try {
      const identity = await loadTls(files, deps);
      listener.setTls(identity);
      const expires_at = new Date(identity.expiresAt).toISOString();
      log.info('TLS certificate reloaded', { file: files.cert, expires_at });
    } catch (error) {
      log.error(`${errorReason(error)}; the previous certificate stays in use`);
    }
  };
  // One after the other: a later signal follows later files.
  return () => (pending = pending.then(reload));
}
