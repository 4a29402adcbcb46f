import type { Invocation } from '../../config/config.ts';
import type { BackupProgress } from '../../engine/store/sqlite/backup.ts';
import { isPostgresUrl } from '../../shared/urls.ts';
import { runOrReport } from '../database-command.ts';
import { type Command, type Host, openLog } from '../host.ts';
import {
  abortSignal,
  createProgressBar,
  errorSentence,
  print,
  type Terminal,
} from '../terminal.ts';

export interface BackupParams {
  /** An SQLite file. */
  readonly database: string;
  /** The file to create. */
  readonly file: string;
}

/** A progress bar, whose total is known when the first pages are copied. */
function createPageProgress({ stderr }: Terminal) {
  let bar: ReturnType<typeof createProgressBar> | undefined;
  let shown = 0;
  return {
    update({ copied, total }: BackupProgress) {
      bar ??= createProgressBar(stderr, 'Backing up', total);
      bar.advance(copied - shown);
      shown = copied;
    },
    end: () => bar?.end(),
  };
}

/** Copies the database while it is in use. Resolves to the exit code. */
export async function runBackup(
  terminal: Terminal,
  { database, file }: BackupParams,
): Promise<number> {
  const { stderr } = terminal;
  const signal = abortSignal(terminal);
  const { backupSqlite } = await import('../../engine/store/sqlite/backup.ts');
  const progress = createPageProgress(terminal);
  const copy = async () => {
    await backupSqlite(database, file, {
      signal,
      onProgress: (pages) => progress.update(pages),
    }).finally(() => progress.end());
    print(stderr, `Backed up ${database} to ${file}.\n`);
  };
  return runOrReport(terminal, copy, (error) => {
    const isFileError = error instanceof Error && 'syscall' in error;
    return `${isFileError ? `${file}: ` : ''}${errorSentence(error)}`;
  });
}

export const backupCommand: Command = {
  name: 'backup',
  usage: 'backup FILE [options]',
  summary: 'Copy the SQLite database while it is in use',
  options: {},
  maxPositionals: 1,
  isLocal: true,
  check({ config, positionals: [file] }) {
    const problems = [];
    if (file === undefined) problems.push('backup needs a FILE to write.');
    if (file === '-') problems.push('backup cannot write to stdout; name a file.');
    if (isPostgresUrl(config.database)) {
      problems.push('backup copies SQLite databases only; use pg_dump for PostgreSQL.');
    }
    return problems;
  },
  run(host: Host, { config, positionals: [file = ''] }: Invocation) {
    openLog(config, host);
    return runBackup(host, { database: config.database, file });
  },
};
