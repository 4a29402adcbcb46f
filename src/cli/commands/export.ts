import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { countRows, readSnapshot } from '../../engine/store/raw-rows.ts';
import { openExisting } from '../../engine/store/open.ts';
import type { Database } from '../../engine/store/schema.ts';
import { exportObjects } from '../../engine/transfer/exporter.ts';
import { createProgressBar, type Progress } from '../terminal.ts';
import { abortSignal, errorSentence, type Terminal } from '../terminal.ts';

export interface ExportCommand {
  readonly database: string;
  /** Ids of the threads wanted; null: everything. */
  readonly threads: readonly string[] | null;
  /** The file to write; null: stdout. */
  readonly output: string | null;
}

/** Characters written at once. */
const chunk = 65_536;

/** One object a line, many lines a piece. */
async function* toLines(
  objects: AsyncIterable<object>,
  count: (lines: number) => void,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let [text, lines] = ['', 0];
  for await (const object of objects) {
    text += `${JSON.stringify(object)}\n`;
    lines += 1;
    if (text.length < chunk) continue;
    count(lines);
    yield text;
    // Neither SQLite nor a file as stdout ever waits, and a signal is heard only by who does.
    await new Promise(setImmediate);
    // The process's stdout goes on taking what comes.
    if (signal.aborted) return;
    [text, lines] = ['', 0];
  }
  count(lines);
  if (text !== '') yield text;
}

type Lines = AsyncIterable<string>;

const statOrNull = (file: string) => stat(file).catch(() => null);

/** Whether both are the same file, by whatever names. */
async function isSameFile(file: string, other: string): Promise<boolean> {
  const [one, two] = [await statOrNull(file), await statOrNull(other)];
  return one !== null && one.ino === two?.ino && one.dev === two.dev;
}

/**
 * Writes a file beside the one wanted, which it then replaces: half an export is none, and two at
 * once are not mixed. Where a link leads, it goes on leading; and what is no file, as a device or a
 * pipe, is written to as it is.
 */
async function writeFile(lines: Lines, file: string, signal: AbortSignal): Promise<void> {
  if ((await statOrNull(file))?.isFile() === false) {
    return pipeline(lines, createWriteStream(file), { signal });
  }
  const target = await realpath(file).catch(() => file);
  const partial = `${target}.${crypto.randomUUID()}.partial`;
  try {
    await pipeline(lines, createWriteStream(partial, { mode: 0o600 }), { signal });
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeAll(
  db: Database,
  { threads, output }: ExportCommand,
  { stdout, stderr }: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const total = threads === null ? await countRows(db) : null;
  const stdoutIsTerminal = output === null && stdout.isTTY === true;
  const progress: Progress = createProgressBar(
    stderr,
    'Exporting',
    stdoutIsTerminal ? null : total,
  );
  let count = 0;
  const onLines = (more: number) => {
    count += more;
    progress.advance(more);
  };
  const lines = toLines(exportObjects(db, threads), onLines, signal);
  try {
    if (output === null) await pipeline(lines, stdout, { signal, end: false });
    else await writeFile(lines, output, signal);
  } finally {
    progress.end();
  }
  return count;
}

const hasCode = (error: unknown): error is Error & { code: unknown } =>
  error instanceof Error && 'code' in error;

/** Why there is no whole export; null for whoever stopped reading, as `head` does, and knows. */
function explain(error: unknown, output: string | null, signal: AbortSignal): string | null {
  if (hasCode(error) && error.code === 'EPIPE') return null;
  if (hasCode(error) && error.code === 'ABORT_ERR' && signal.aborted) return 'Interrupted.';
  const isOfFile = output !== null && hasCode(error);
  return isOfFile ? `${output}: ${errorSentence(error)}` : errorSentence(error);
}

/**
 * `assistants-mcp export`: writes one moment of the database as JSON Lines while others go on
 * working with it. Resolves to the exit code.
 */
export async function runExport(terminal: Terminal, command: ExportCommand): Promise<number> {
  const { database, output } = command;
  const { stdout, stderr } = terminal;
  const signal = abortSignal(terminal);
  // An error of stdout may also be what interrupts the command, and come second.
  let failure: unknown;
  stdout.once('error', (error) => (failure = error));
  let db: Database | undefined;
  try {
    db = await openExisting(database);
    if (output !== null && (await isSameFile(output, database))) {
      throw new Error(`${output}: This is the database itself; choose another file.`);
    }
    const count = await readSnapshot(db, (snapshot) =>
      writeAll(snapshot, command, terminal, signal),
    );
    stderr.write(
      `Exported ${count} object${count === 1 ? '' : 's'}${output === null ? '' : ` to ${output}`}.\n`,
    );
    return 0;
  } catch (error) {
    const reason = explain(failure ?? error, output, signal);
    if (reason !== null) stderr.write(`${reason}\n`);
    return 1;
  } finally {
    await db?.destroy();
  }
}
