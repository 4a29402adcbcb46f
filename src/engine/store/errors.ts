import { threadLock } from './migrations.ts';

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
