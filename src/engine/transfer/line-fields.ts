import { fieldOf } from '../../shared/json.ts';
import type { At } from './import-checks.ts';
import { ImportError } from './import-source.ts';

/** The error for a field of a line. */
export const invalid = (at: At, field: string, expected: string): ImportError =>
  new ImportError(at(field), `Invalid '${field}': expected ${expected}.`);

/** The text in a field of a line; throws an {@link ImportError} for anything else. */
export function textOf(value: unknown, field: string, at: At): string {
  const text = fieldOf(value, field);
  if (typeof text !== 'string' || text === '') throw invalid(at, field, 'a text');
  return text;
}

/** The integer in a field of a line; throws an {@link ImportError} for anything else. */
export function numberOf(value: unknown, field: string, at: At): number {
  const number = fieldOf(value, field);
  if (!Number.isSafeInteger(number) || Number(number) < 0) {
    throw invalid(at, field, 'an integer that is not negative');
  }
  return Number(number);
}
