import type { ResourceReader } from './resource.ts';
import { runReader } from './run-report.ts';
import { threadReader } from './transcript.ts';

const readers: Readonly<Record<string, ResourceReader>> = { thread: threadReader, run: runReader };

/** Finds the reader of a template. Throws for an unknown name. */
export function findReader(name: string): ResourceReader {
  const reader = readers[name];
  if (reader === undefined) throw new Error(`no resource is named ${name}`);
  return reader;
}
