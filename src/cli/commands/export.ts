import { yieldToOthers } from '../../shared/clock.ts';
import { createWriteStream, realpathSync, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { exportOptions } from '../../config/command-options.ts';
import { sharedOptions } from '../../config/options.ts';
import type { Invocation } from '../../config/config.ts';
import type { Database } from '../../engine/store/schema.ts';
import { statsOf } from '../../shared/file-stats.ts';
import { escapeControlCharacters } from '../../shared/text.ts';
import { runOrReport, withDatabase } from '../database-command.ts';
import { type Command, type Host, openLog } from '../host.ts';
import { readThreadIds } from '../thread-ids.ts';
import {
  abortSignal,
  createProgressBar,
  errorSentence,
  print,
  type Terminal,
} from '../terminal.ts';

export interface ExportParams {
  readonly database: string;
  /** What `--threads` names; null: everything. */
  readonly threads: readonly string[] | null;
  /** The file to write; null: stdout. */
  readonly output: string | null;
  /** Whether to export files with their content; false by default. */
  readonly exportFiles?: boolean;
}

/** Lines are written in pieces of about this many characters. */
const pieceLength = 65_536;

/** JSON Lines in pieces; `onLines` receives the number of lines of each piece. */
async function* toJsonLines(
  objects: AsyncIterable<object>,
  onLines: (count: number) => void,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let [piece, count] = ['', 0];
  for await (const object of objects) {
    piece += `${JSON.stringify(object)}\n`;
    count += 1;
    if (piece.length < pieceLength) continue;
    onLines(count);
    yield piece;
    // SQLite and a file as stdout never wait, so let the event loop deliver signals.
    await yieldToOthers();
    // The pipeline cannot destroy the process's stdout, which would accept everything.
    if (signal.aborted) return;
    [piece, count] = ['', 0];
  }
  onLines(count);
  if (piece !== '') yield piece;
}

type Lines = AsyncIterable<string>;

/** Equivalent JSON that a terminal shows as it is. */
async function* escapeLines(lines: Lines): AsyncGenerator<string> {
  for await (const piece of lines) yield escapeControlCharacters(piece);
}

/** Whether two paths lead to the same file. */
function isSameFile(file: string, other: string): boolean {
  const [one, two] = [statsOf(file), statsOf(other)];
  return one !== undefined && one.ino === two?.ino && one.dev === two.dev;
}

/**
 * Writes a temporary file and renames it, so that readers never see half an export. A symbolic link
 * stays and its target is replaced; a device or pipe is written directly.
 */
async function writeFile(lines: Lines, file: string, signal: AbortSignal): Promise<void> {
  const stats = statsOf(file);
  if (stats?.isFile() === false) {
    return pipeline(lines, createWriteStream(file), { signal });
  }
  const target = stats === undefined ? file : realpathSync(file);
  const partial = `${target}.${crypto.randomUUID()}.partial`;
  const stream = createWriteStream(partial, { mode: 0o600 });
  const closed = new Promise<void>((resolve) => void stream.once('close', () => resolve()));
  try {
    await pipeline(lines, stream, { signal });
    renameSync(partial, target);
  } catch (error) {
    // Until then, the file may be about to be created.
    await closed;
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Writes a snapshot of the database; resolves to the number of objects. */
async function writeSnapshot(
  db: Database,
  { threads, output, exportFiles }: ExportParams,
  { stdout, stderr }: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { countRows } = await import('../../engine/store/raw-rows.ts');
  const { exportObjects } = await import('../../engine/transfer/exporter.ts');
  const stdoutIsTerminal = output === null && stdout.isTTY === true;
  const total = threads === null && !stdoutIsTerminal ? await countRows(db) : null;
  const progress = createProgressBar(stderr, 'Exporting', total);
  let count = 0;
  const onLines = (lines: number) => {
    count += lines;
    progress.advance(lines);
  };
  const lines = toJsonLines(exportObjects(db, threads, exportFiles), onLines, signal);
  const shown = stdoutIsTerminal ? escapeLines(lines) : lines;
  try {
    if (output === null) await pipeline(shown, stdout, { signal, end: false });
    else await writeFile(lines, output, signal);
  } finally {
    progress.end();
  }
  return count;
}

const hasCode = (error: unknown): error is Error & { code: unknown } =>
  error instanceof Error && 'code' in error;

/** Why the export failed; null when the reader of stdout closed it, as `head` does. */
function failureReason(error: unknown, output: string | null, signal: AbortSignal): string | null {
  if (hasCode(error) && error.code === 'EPIPE') return null;
  if (hasCode(error) && error.code === 'ABORT_ERR' && signal.aborted) return 'Interrupted.';
  const isFileError = output !== null && hasCode(error);
  return isFileError ? `${output}: ${errorSentence(error)}` : errorSentence(error);
}

/** Writes one snapshot of the database as JSON Lines. Resolves to the exit code. */
export async function runExport(terminal: Terminal, params: ExportParams): Promise<number> {
  const { database, output } = params;
  const { stdout, stderr } = terminal;
  const signal = abortSignal(terminal);
  // An error of stdout can also interrupt the command, and the pipeline then rejects with that.
  let stdoutError: unknown;
  stdout.once('error', (error) => (stdoutError = error));
  const { openForReading } = await import('../../engine/store/open.ts');
  const { readSnapshot } = await import('../../engine/store/raw-rows.ts');
  const exportAll = async (db: Database) => {
    if (output !== null && isSameFile(output, database)) {
      throw new Error(`${output}: This is the database itself; choose another file.`);
    }
    const threads = params.threads && readThreadIds(params.threads);
    const count = await readSnapshot(db, (snapshot) =>
      writeSnapshot(snapshot, { ...params, threads }, terminal, signal),
    );
    const target = output === null ? '' : ` to ${output}`;
    print(stderr, `Exported ${count} object${count === 1 ? '' : 's'}${target}.\n`);
  };
  return runOrReport(
    terminal,
    () => withDatabase(openForReading(database), exportAll),
    (error) => failureReason(stdoutError ?? error, output, signal),
  );
}

export const exportCommand: Command = {
  name: 'export',
  usage: 'export [options]',
  summary: 'Export the database as JSON Lines',
  options: exportOptions,
  ignores: [sharedOptions.files],
  isLocal: true,
  run(host: Host, { config }: Invocation) {
    openLog(config, host);
    return runExport(host, config);
  },
};
