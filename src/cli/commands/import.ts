import { createReadStream, statSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { importOptions } from '../../config/command-options.ts';
import type { Invocation } from '../../config/config.ts';
import type { Database } from '../../engine/store/schema.ts';
import type { importFile } from '../../engine/transfer/importer.ts';
import type { ImportOptions } from '../../engine/transfer/import-session.ts';
import { systemClock, unixSeconds } from '../../shared/clock.ts';
import { importLocation, runOrReport, withDatabase } from '../database-command.ts';
import { runImportFrom } from '../import-from.ts';
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
  /** Print what would be imported, and import nothing. */
  readonly dryRun: boolean;
  /** Unix seconds. */
  readonly now: number;
  /** Seconds until an imported run without a deadline expires. */
  readonly runLifetime: number;
}

type ImportSource = typeof importFile;

/** Imports one file, and prints what it contained and what changed. */
async function importOne(
  db: Database,
  file: string,
  { importSource, verb, ...options }: ImportOptions & { importSource: ImportSource; verb: string },
  { stdin, stderr }: Terminal,
): Promise<void> {
  const { Changes } = await import('../../engine/transfer/changes.ts');
  const name = file === '-' ? 'stdin' : file;
  const size = file === '-' ? null : statSync(file).size;
  const input = addAbortSignal(options.signal, file === '-' ? stdin : createReadStream(file));
  const progress = createProgressBar(stderr, name, size);
  const bytes = countBytes(input, progress);
  const changes = new Changes();
  const source = { name, bytes };
  const counts = await importSource(db, source, { ...options, changes }).finally(() =>
    progress.end(),
  );
  print(stderr, `${verb} ${formatCounts(counts)} from ${name}.\n`);
  for (const sentence of changes.sentences) print(stderr, `  ${sentence}\n`);
}

/** Why a file was not imported, with its name. */
async function describeFailure(file: string, error: unknown, signal: AbortSignal): Promise<string> {
  const { ImportError } = await import('../../engine/transfer/import-source.ts');
  if (error instanceof ImportError) return error.message;
  return `${file}: ${signal.aborted ? 'Interrupted.' : errorSentence(error)}`;
}

type ImportAll = (db: Database) => Promise<void>;

/** Rolls back the transaction of a dry run. */
class DryRunEnded extends Error {}

/** Does `importAll` in one transaction, and undoes it. */
async function rehearse(db: Database, importAll: ImportAll): Promise<void> {
  const rehearsal = db.transaction().execute(async (transaction) => {
    await importAll(transaction);
    throw new DryRunEnded();
  });
  await rehearsal.catch((error: unknown) => {
    if (!(error instanceof DryRunEnded)) throw error;
  });
}

/** Imports files one by one until one fails. Resolves to the exit code. */
export async function runImport(terminal: Terminal, params: ImportParams): Promise<number> {
  const { database, files, replace, dryRun, now, runLifetime: lifetime } = params;
  const signal = abortSignal(terminal);
  const { importFile, importInto } = await import('../../engine/transfer/importer.ts');
  const run = dryRun
    ? { importSource: importInto, verb: 'Would import' }
    : { importSource: importFile, verb: 'Imported' };
  const shared = { waiting: new Map(), madeThreads: new Set<string>() };
  const options = { replace, now, lifetime, signal, ...shared, ...run };
  const { openDatabase } = await import('../../engine/store/open.ts');
  /** The file that is imported; null until the database is open. */
  let current: string | null = null;
  const importAll = async (db: Database) => {
    for (const file of files) {
      current = file;
      await importOne(db, file, options, terminal);
    }
  };
  const work = dryRun ? (db: Database) => rehearse(db, importAll) : importAll;
  return runOrReport(
    terminal,
    () => withDatabase(openDatabase(importLocation(database, dryRun)), work),
    async (error) => {
      if (current === null) return errorSentence(error);
      const result = dryRun ? 'The import would fail.' : 'Nothing of it was imported.';
      return `${await describeFailure(current, error, signal)}\n${result}`;
    },
  );
}

const fileProblems = (files: readonly string[], hasThreads: boolean): string[] => [
  ...(files.length > 0 ? [] : ["import needs a FILE, '-' for stdin, or --from URL."]),
  ...(hasThreads ? ['--threads has no effect on import without --from.'] : []),
];

const serverProblems = (files: readonly string[], replace: boolean): string[] => [
  ...(files.length === 0 ? [] : ['import takes either FILEs or --from, not both.']),
  ...(replace ? ['--replace has no effect with --from, which keeps what is there.'] : []),
];

export const importCommand: Command = {
  name: 'import',
  usage: 'import FILE… | --from URL [options]',
  summary: 'Import API objects from files or from a server',
  options: importOptions,
  maxPositionals: Infinity,
  isLocal: true,
  changesDatabase: true,
  check: ({ positionals, config: { threads, replace } }, sourceOf) =>
    sourceOf(importOptions.from) === undefined
      ? fileProblems(positionals, threads !== null)
      : serverProblems(positionals, replace),
  run(host: Host, { config, positionals: files }: Invocation) {
    openLog(config, host);
    const { from } = config;
    return from === null
      ? runImport(host, { ...config, files, now: unixSeconds(systemClock) })
      : runImportFrom(host, { ...config, from, clock: systemClock });
  },
};
