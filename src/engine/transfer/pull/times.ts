/** A number from here on counts milliseconds, as Astra's do: in seconds it is the year 5138. */
const minMilliseconds = 100_000_000_000;

const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/iu;

/** Unix seconds from what servers send: seconds, milliseconds, text. Undefined: no time. */
export function toSeconds(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) {
    return Math.floor(value >= minMilliseconds ? value / 1000 : value);
  }
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,15}(?:\.\d{1,9})?$/u.test(value)) return toSeconds(Number(value));
  // Without a zone it is UTC, as servers written in Python send it.
  const ms = /^\d{4}-/u.test(value) ? Date.parse(hasZone.test(value) ? value : `${value}Z`) : NaN;
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
