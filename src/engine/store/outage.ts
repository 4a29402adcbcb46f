import { errorCode, isConnectionLoss } from './errors.ts';

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
