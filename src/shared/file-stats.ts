import { type Stats, statSync } from 'node:fs';

/** The properties of a file; undefined if there is none, or none that this user may see. */
export function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
