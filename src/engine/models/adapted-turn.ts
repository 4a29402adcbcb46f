import { createHash } from 'node:crypto';
import type { Dialect } from './dialect.ts';

/** The id of a function call as the model accepts it; the same for the same id. */
export const acceptedCallId = (id: string, { shortensCallIds }: Dialect): string =>
  shortensCallIds ? createHash('sha256').update(id).digest('hex').slice(0, 9) : id;

/** The output of a function as the model accepts it. */
export const acceptedOutput = (output: string, { fillsEmptyOutputs }: Dialect): string =>
  fillsEmptyOutputs && output.trim() === '' ? '(no output)' : output;
