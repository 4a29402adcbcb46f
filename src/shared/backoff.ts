interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The pause in milliseconds after failed attempt `attempt` (from 1): doubles up to `maxMs`. */
export const backoffMs = (attempt: number, { firstMs, maxMs }: BackoffLimits): number =>
  Math.min(firstMs * 2 ** (attempt - 1), maxMs);
