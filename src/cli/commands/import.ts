import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { importOptions } from '../../config/command-options.ts';
import type { Invocation } from '../../config/config.ts';
import type { Database } from '../../engine/store/schema.ts';
import type { ImportOptions } from '../../engine/transfer/import-session.ts';
import { systemClock, unixSeconds } from '../../shared/clock.ts';
import { runOrReport, withDatabase } from '../database-command.ts';
import { type Command, type Host, openLog } from '../host.ts';
import {
  abortSignal,
  countBytes,
  createProgressBar,
  errorSentence,
  formatCounts,
  print,
  type Terminal,
} from '../terminal.ts';

export interface ImportParams {
  /** The database to import into; created if it does not exist. */
  readonly database: string;
  /** Paths, in order; `-` is stdin. */
  readonly files: readonly string[];
  readonly replace: boolean;
  /** Unix seconds. */
  readonly now: number;
  /** Seconds until an imported run without a deadline expires. */
  readonly runLifetime: number;
}

/** Imports one file in one transaction, and prints what it contained. */
async function importOne(
  db: Database,
  file: string,
  options: ImportOptions,
  { stdin, stderr }: Terminal,
): Promise<void> {
  const { importFile } = await import('../../engine/transfer/importer.ts');
  const name = file === '-' ? 'stdin' : file;
  const size = file === '-' ? null : (await stat(file)).size;
  const input = addAbortSignal(options.signal, file === '-' ? stdin : createReadStream(file));
  const progress = createProgressBar(stderr, name, size);
  const bytes = countBytes(input, progress);
  const counts = await importFile(db, { name, bytes }, options).finally(() => progress.end());
  print(stderr, `Imported ${formatCounts(counts)} from ${name}.\n`);
}

/** Why a file was not imported, with its name. */
async function describeFailure(file: string, error: unknown, signal: AbortSignal): Promise<string> {
  const { ImportError } = await import('../../engine/transfer/import-source.ts');
  if (error instanceof ImportError) return error.message;
  return `${file}: ${signal.aborted ? 'Interrupted.' : errorSentence(error)}`;
}

/** Imports files one by one until one fails. Resolves to the exit code. */
export async function runImport(terminal: Terminal, params: ImportParams): Promise<number> {
  const { database, files, replace, now, runLifetime: lifetime } = params;
  const signal = abortSignal(terminal);
  const options = { replace, now, lifetime, signal, waiting: new Map() };
  const { openDatabase } = await import('../../engine/store/open.ts');
  /** The file that is imported; null until the database is open. */
  let current: string | null = null;
  const importAll = async (db: Database) => {
    for (const file of files) {
      current = file;
      await importOne(db, file, options, terminal);
    }
  };
  return runOrReport(
    terminal,
    () => withDatabase(openDatabase(database), importAll),
    async (error) =>
      current === null
        ? errorSentence(error)
        : `${await describeFailure(current, error, signal)}\nNothing of it was imported.`,
  );
}

export const importCommand: Command = {
  name: 'import',
  usage: 'import FILE… [options]',
  summary: 'Import API objects from JSON or JSON Lines',
  options: importOptions,
  maxPositionals: Infinity,
  isLocal: true,
  changesDatabase: true,
  check: ({ positionals }) =>
    positionals.length > 0 ? [] : ["import needs a FILE, or '-' for stdin."],
  run(host: Host, { config, positionals: files }: Invocation) {
    openLog(config, host);
    return runImport(host, { ...config, files, now: unixSeconds(systemClock) });
  },
};
