import { threadLock } from './schema.ts';

/* What PostgreSQL and the way to it say when something may go better another time. */

/** The code that PostgreSQL, Node or the system gave an error; empty where there is none. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** Another transaction was faster: serialization failure, deadlock, or the thread just taken. */
export function isConflict(error: unknown): boolean {
  const code = errorCode(error);
  if (code === '40001' || code === '40P01') return true;
  return code === '23505' && error instanceof Error && error.message.includes(threadLock);
}

/** Of the socket, and of a server that goes down, comes up, is full, or ended the session. */
const lossCodes =
  /^(?:E(?:CONN(?:REFUSED|RESET|ABORTED)|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOENT)|08\w{3}|57P0[1235]|53300|25P0[34])$/u;

/** What the driver says, without a code, of a statement that it did not even send. */
const unsentMessages = /^Client (?:has encountered a connection error|was closed)/u;
/** The same of any statement. */
const lossMessages =
  /^(?:Connection terminated|timeout e|Query read timeout|Postgres connection has been discarded)/u;

/** The connection was gone already when the statement was made. */
export const wasNotSent = (error: unknown): boolean =>
  error instanceof Error && unsentMessages.test(error.message);

/** The connection is gone, or there is none to be had just now. */
export const isConnectionLoss = (error: unknown): boolean =>
  lossCodes.test(errorCode(error)) ||
  (error instanceof Error && lossMessages.test(error.message)) ||
  wasNotSent(error);
/* What SQLite says when its file cannot be used, whatever the statement (its primary result codes). */
const outages: Readonly<Record<number, string>> = {
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

/** The same of PostgreSQL, by SQLSTATE, and of a disk that is waited for, by Node's codes. */
const states: Readonly<Record<string, string>> = {
  '25006': 'it is read-only',
  '53100': 'its disk is full',
  '53200': 'it is out of memory',
  '58030': 'its disk fails',
  ENOSPC: 'its disk is full',
  EDQUOT: 'its disk is full',
  EIO: 'its disk fails',
};

/** Of SQLite, of PostgreSQL, or of the system under them; the rest is the program's own mistake. */
export const isStoreError = (error: unknown): boolean =>
  isConnectionLoss(error) ||
  /^[0-9A-Z]{5}$/u.test(errorCode(error)) ||
  (error instanceof Error && ('errcode' in error || 'errno' in error));
/**
 * Why the database is of no use at present, as the rest of a sentence; null for an error that is
 * not the database's condition but somebody's mistake.
 */
export function unavailableReason(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (isConnectionLoss(error)) return 'it cannot be reached';
  if ('errcode' in error && typeof error.errcode === 'number') {
    return outages[error.errcode % 256] ?? null;
  }
  return states[errorCode(error)] ?? null;
}

/** A database that cannot be used, in one sentence for the person who chose it. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}
