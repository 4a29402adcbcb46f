/** A database that cannot be used, in one sentence for the person who chose it. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

/** What went wrong, without a full stop. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node tells of several addresses tried in an error without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return (first instanceof Error ? first : error).message.replace(/\.$/, '');
}
