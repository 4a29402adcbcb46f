// Runs a program with a command line for each call of the job.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { folder } from './setting.mjs';

/** Runs a program of the folder and resolves to what it printed. Rejects with what it said of an error. */
export async function runProgram(name, args) {
  const program = join(folder, 'node_modules/.bin', name);
  const { stdout, stderr } = await promisify(execFile)(program, args, { maxBuffer: 2 ** 24 });
  return { stdout, stderr };
}
