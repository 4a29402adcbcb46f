import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { openDatabase } from '../../engine/store/open.ts';
import type { Database } from '../../engine/store/schema.ts';
import { importFile } from '../../engine/transfer/importer.ts';
import { createProgressBar } from '../terminal.ts';
import { ImportError } from '../../engine/transfer/import-error.ts';
import type { ImportOptions } from '../../engine/transfer/import-session.ts';
import {
  countBytes,
  abortSignal,
  formatCounts,
  errorSentence,
  type Terminal,
} from '../terminal.ts';

export interface ImportCommand {
  /** The database to import into; it is made if it is not there. */
  readonly database: string;
  /** Paths, in order; `-` is stdin. */
  readonly files: readonly string[];
  readonly replace: boolean;
  /** Unix seconds. */
  readonly now: number;
  /** Seconds that a waiting run is given which comes without a deadline. */
  readonly runLifetime: number;
}

/** Imports one file and says so; rejects when none of it was imported. */
async function importOne(
  db: Database,
  file: string,
  options: ImportOptions,
  { stdin, stderr }: Terminal,
): Promise<void> {
  const name = file === '-' ? 'stdin' : file;
  const size = file === '-' ? null : (await stat(file)).size;
  const input = addAbortSignal(options.signal, file === '-' ? stdin : createReadStream(file));
  const progress = createProgressBar(stderr, name, size);
  const bytes = countBytes(input, progress);
  const counts = await importFile(db, { name, bytes }, options).finally(() => progress.end());
  stderr.write(`Imported ${formatCounts(counts)} from ${name}.\n`);
}

/** Why a file was not imported, with its name. */
function describeFailure(file: string, error: unknown, signal: AbortSignal): string {
  if (error instanceof ImportError) return error.message;
  const reason = signal.aborted ? 'Interrupted.' : errorSentence(error);
  return `${file}: ${reason}`;
}

/**
 * `assistants-mcp import`: brings files in one by one, each as a whole, and ends at the first that
 * cannot be. Resolves to the exit code.
 */
export async function runImport(terminal: Terminal, command: ImportCommand): Promise<number> {
  const { database, files, replace, now, runLifetime: lifetime } = command;
  const { stderr } = terminal;
  const signal = abortSignal(terminal);
  const options = { replace, now, lifetime, signal, waiting: new Map() };
  let file = database;
  let db: Database | undefined;
  try {
    db = await openDatabase(database);
    for (file of files) await importOne(db, file, options, terminal);
    return 0;
  } catch (error) {
    if (db === undefined) stderr.write(`${errorSentence(error)}\n`);
    else stderr.write(`${describeFailure(file, error, signal)}\nNothing of it was imported.\n`);
    return 1;
  } finally {
    await db?.destroy();
  }
}
