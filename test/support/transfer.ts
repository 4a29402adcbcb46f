import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { runExport } from '../../src/cli/commands/export.ts';
import { runImport } from '../../src/cli/commands/import.ts';
import { start } from './clock.ts';
import { temporary } from './temporary-files.ts';

/** Unix seconds of every import: ten seconds after the example objects were created. */
export const now = start / 1000 + 10;

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Input {
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly stdin?: string | Buffer;
  /** Whether stderr is a terminal. */
  readonly isTTY?: boolean;
  readonly interrupted?: Promise<void>;
}

const never = new Promise<void>(() => {});

/** A terminal in memory. */
export function openTerminal({ stdin = '', isTTY = false, interrupted = never }: Input) {
  const input = new PassThrough();
  input.end(stdin);
  const stderr = Object.assign(new PassThrough(), { isTTY });
  return { stdin: input, stdout: new PassThrough(), stderr, interrupted };
}

type FakeTerminal = ReturnType<typeof openTerminal>;

/** The exit code of a command and what it printed. */
export async function outcomeOf(
  terminal: FakeTerminal,
  command: Promise<number>,
): Promise<Outcome> {
  const printed = Promise.all([text(terminal.stdout), text(terminal.stderr)]);
  const code = await command;
  terminal.stdout.end();
  terminal.stderr.end();
  const [stdout, stderr] = await printed;
  return { code, stdout, stderr };
}

/** JSON Lines. */
export const toLines = (objects: readonly object[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('');

export interface Store {
  readonly database: string;
  /** Imports files by their paths; `-` is `stdin`. */
  importFiles(files: readonly string[], input?: Input): Promise<Outcome>;
  /** Imports a file `in.jsonl` with this content; messages have the name without the directory. */
  importText(content: string | Buffer, input?: Input): Promise<Outcome>;
  /** Imports several files, each with these objects. */
  importAll(files: readonly (readonly object[])[], input?: Input): Promise<Outcome>;
  /** Imports objects; throws if the import fails. */
  importObjects(objects: readonly object[], input?: Input): Promise<void>;
  exportAll(threads?: readonly string[], output?: string): Promise<Outcome>;
}

/** A temporary database with the import and export commands. */
export function createStore(database = temporary()): Store {
  const directory = dirname(database);
  const run = (files: readonly string[], input: Input = {}) => {
    const terminal = openTerminal(input);
    const { replace = false, dryRun = false } = input;
    const command = { database, files, replace, dryRun, now, runLifetime: 600 };
    return outcomeOf(terminal, runImport(terminal, command));
  };
  const importText = async (content: string | Buffer, input?: Input) => {
    const file = join(directory, 'in.jsonl');
    writeFileSync(file, content);
    const outcome = await run([file], input);
    return { ...outcome, stderr: outcome.stderr.replaceAll(`${directory}/`, '') };
  };
  return {
    database,
    importFiles: run,
    importText,
    async importAll(files, input) {
      const paths = files.map((objects, index) => {
        const file = join(directory, `${index}.jsonl`);
        writeFileSync(file, toLines(objects));
        return file;
      });
      const outcome = await run(paths, input);
      return { ...outcome, stderr: outcome.stderr.replaceAll(`${directory}/`, '') };
    },
    async importObjects(objects, input) {
      const { code, stderr } = await importText(toLines(objects), input);
      if (code !== 0) throw new Error(stderr);
    },
    exportAll: (threads, output) => {
      const terminal = openTerminal({});
      const command = { database, threads: threads ?? null, output: output ?? null };
      return outcomeOf(terminal, runExport(terminal, command));
    },
  };
}

/** The objects of an export, in order. */
export const objectsIn = (lines: string): Record<string, unknown>[] =>
  lines
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
