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

/**
 * Why the database is of no use at present, as the rest of a sentence; null for an error that is
 * not the database's condition but somebody's mistake.
 */
export function outageOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null;
  const { errcode } = error;
  return typeof errcode === 'number' ? (outages[errcode % 256] ?? null) : null;
}
