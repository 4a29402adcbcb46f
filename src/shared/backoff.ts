interface BackoffLimits {
  /** The first pause. */
  readonly firstMs: number;
  /** No pause is longer. */
  readonly maxMs: number;
}

/** The pause before attempt `attempt` (from 1) is made again: doubled each time, up to a maximum. */
export const backoffMs = (attempt: number, { firstMs, maxMs }: BackoffLimits): number =>
  Math.min(firstMs * 2 ** (attempt - 1), maxMs);
