import { errorReason } from '../../shared/errors.ts';
import { threadLock } from './schema.ts';

/** The `code` of an error of PostgreSQL, Node or the operating system; empty if it has none. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/**
 * Another transaction won: serialization failure, deadlock, a second active run on a thread, or
 * (3F000) a schema dropped while the migrator lists all schemas.
 */
export function isConflict(error: unknown): boolean {
  const code = errorCode(error);
  if (code === '40001' || code === '40P01' || code === '3F000') return true;
  return code === '23505' && error instanceof Error && error.message.includes(threadLock);
}

/** Codes of the socket, and of a server that stops, starts, is full, or ended the session. */
const lossCodes =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOENT)|08\w{3}|57P0[1235]|53300|25P0[34])$/u;

/** Messages of `pg`, which have no code, for a statement that it did not send. */
const unsentMessages = /^Client (?:has encountered a connection error|was closed)/u;
/** Messages of `pg` for a statement that it may have sent. */
const lossMessages =
  /^(?:Connection terminated|timeout e|Query read timeout|Postgres connection has been discarded)/u;

/** The connection was lost before the statement was sent. */
export const wasNotSent = (error: unknown): boolean =>
  error instanceof Error && unsentMessages.test(error.message);

/** The connection was lost, or none could be made. */
export const isConnectionLoss = (error: unknown): boolean =>
  lossCodes.test(errorCode(error)) ||
  (error instanceof Error && lossMessages.test(error.message)) ||
  wasNotSent(error);

/** SQLite's primary result code → why the database is unavailable. */
const sqliteReasons: Readonly<Record<number, string>> = {
  3: 'access to it was denied',
  5: 'another process keeps it locked',
  6: 'it is locked',
  8: 'it is read-only',
  10: 'its disk fails',
  11: 'its file is damaged',
  13: 'its disk is full',
  14: 'its file cannot be opened',
  26: 'its file is not a database',
};

/** SQLSTATE of PostgreSQL, or Node's code for a failed fsync → why the database is unavailable. */
const codeReasons: Readonly<Record<string, string>> = {
  '53100': 'its disk is full',
  '53200': 'it is out of memory',
  '58030': 'its disk fails',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk is full',
  EIO: 'its disk fails',
  EROFS: 'it is read-only',
};

/** SQLSTATEs of a server that refuses: its message says why, as "permission denied for table runs". */
const refusalCodes = /^(?:25006|28\w{3}|3D000|3F000|42501|42P01)$/u;

/** An error of SQLite, PostgreSQL or the system under them; any other error is a bug of ours. */
export const isStoreError = (error: unknown): boolean =>
  isConnectionLoss(error) ||
  /^[0-9A-Z]{5}$/u.test(errorCode(error)) ||
  (error instanceof Error && ('errcode' in error || 'errno' in error));

/**
 * Why the database is unavailable, as a clause ("its disk is full"); null if the error does not
 * mean that it is.
 */
export function unavailableReason(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = errorCode(error);
  if ('syscall' in error && error.syscall === 'open') {
    return codeReasons[code] ?? 'its file cannot be opened';
  }
  if (isConnectionLoss(error)) return 'it cannot be reached';
  if ('errcode' in error && typeof error.errcode === 'number') {
    return sqliteReasons[error.errcode % 256] ?? null;
  }
  return refusalCodes.test(code) ? errorReason(error) : (codeReasons[code] ?? null);
}

/** A database that cannot be opened or migrated; the message is for the person who configured it. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}
