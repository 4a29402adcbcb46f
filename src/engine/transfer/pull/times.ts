import { toSeconds as toSecondsIfTime } from '../time-values.ts';

/** Unix seconds from a time as servers send it. Undefined: no time. */
export function toSeconds(value: unknown): number | undefined {
  const seconds = toSecondsIfTime(value);
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined;
}
