import { readFileSync } from 'node:fs';
import { statsOf } from '../shared/file-stats.ts';
import { errorSentence } from './terminal.ts';

/** The ids in a file, one on each line; what follows a `#` is a comment. */
function readIds(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--threads: ${path}: ${errorSentence(error)}`, { cause: error });
  }
  const ids = text
    .replace(/^\uFEFF/u, '')
    .split(/\r?\n/u)
    .map((line) => (line.split('#')[0] ?? '').trim())
    .filter((line) => line !== '');
  const invalid = ids.find((id) => /[\s,;"'{}[\]]/u.test(id));
  if (invalid !== undefined) {
    throw new Error(`--threads: ${path} must have one thread id on each line, not '${invalid}'.`);
  }
  if (ids.length > 0) return ids;
  throw new Error(`--threads: ${path} has no thread ids.`);
}

/**
 * The ids that `--threads` names, each once: itself, or in a file, which may be marked with an `@`.
 * Throws an Error for people.
 */
export function readThreadIds(items: readonly string[]): readonly string[] {
  const ids = new Set<string>();
  for (const item of items) {
    const path = item.startsWith('@') ? item.slice(1) : item;
    const isNamed = item.startsWith('@') || statsOf(path)?.isFile() === true;
    for (const id of isNamed ? readIds(path) : [item]) ids.add(id);
  }
  return [...ids];
}
