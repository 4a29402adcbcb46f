import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { startBuiltServe, stopChild } from '../bench/built-program.ts';
import { createCertificate, writeTlsFiles } from '../test/support/certificates.ts';
import { install } from './install.ts';
import type { Model } from './model.ts';
import type { Program, Trial } from './program.ts';

const token = 'revive-token';
const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What `execFile` rejects with. */
const childError = z.looseObject({
  stderr: z.string().default(''),
  killed: z.boolean().default(false),
});

/** The first line of a driver's error, for the table. */
export function toReason(error: unknown): string {
  const { stderr = '', killed = false } = childError.safeParse(error).data ?? {};
  if (killed) return 'It did not end in time.';
  const lines = (stderr || String(error)).split('\n').map((line) => line.trim());
  const reason = lines.find((line) => /^\w*Error\b[^:]*: /u.test(line)) ?? lines.join(' ');
  return reason.replaceAll('|', '/').slice(0, 200);
}

/** What a driver gets to know. */
interface Environment {
  /** The folder that has the program's packages. */
  readonly folder: string;
  /** An empty folder, which is also its home. */
  readonly home: string;
  readonly baseURL: string;
  /** The certificate to trust, if `serve` has one. */
  readonly certificate: string | undefined;
}

/** Runs the driver as a process of its own, which inherits nothing but the path. */
async function drive(program: Program, environment: Environment): Promise<void> {
  const { folder, home, baseURL, certificate } = environment;
  const [file, ...args] = program.driver;
  const hooks = ['--import', pathOf('resolve.ts')];
  await promisify(execFile)(process.execPath, [...hooks, pathOf(`drivers/${file}`), ...args], {
    cwd: home,
    timeout: (program.timeoutSeconds ?? 120) * 1000,
    killSignal: 'SIGKILL',
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      REVIVE_PROGRAM: folder,
      OPENAI_BASE_URL: baseURL,
      OPENAI_API_KEY: token,
      NODE_EXTRA_CA_CERTS: certificate,
    },
  });
}

const logLine = z.looseObject({ level: z.string(), message: z.string() });

/** Collects what a server logs; the function returns the messages of errors. */
function watchLog({ stderr }: ChildProcess): () => string[] {
  let text = '';
  stderr?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => {
    const lines = text.split('\n').filter((line) => line.startsWith('{'));
    const entries = lines.map((line) => logLine.parse(JSON.parse(line)));
    return entries.filter(({ level }) => level === 'error').map(({ message }) => message);
  };
}

/** Starts `serve` for a program and runs its driver; resolves to the errors that `serve` logged. */
async function serveAndDrive(program: Program, model: Model, home: string): Promise<string[]> {
  const folder = await install(program);
  const { modelApi = 'auto', options = [], needsTls = false } = program;
  const tls = needsTls ? writeTlsFiles(await createCertificate(), home) : null;
  const variables = {
    OPENAI_BASE_URL: model.baseURL,
    ASSISTANTS_DATABASE: join(home, 'serve.db'),
    ASSISTANTS_TOKEN: token,
  };
  const flags = ['--model-api', modelApi, ...options, ...(tls?.argv ?? [])];
  const { child, restURL: baseURL } = await startBuiltServe(variables, flags);
  const readErrors = watchLog(child);
  try {
    await drive(program, { folder, home, baseURL, certificate: tls?.certFile });
  } finally {
    await stopChild(child);
  }
  return readErrors();
}

/** Installs a program, starts `serve` for it and runs its driver. */
export async function tryProgram(program: Program, model: Model): Promise<Trial> {
  const home = mkdtempSync(join(tmpdir(), 'assistants-mcp-revive-'));
  try {
    const errors = await serveAndDrive(program, model, home);
    const [failure = null] = [...model.rejections(), ...errors];
    return { program, failure };
  } catch (error) {
    if (process.env['REVIVE_DEBUG'] !== undefined) process.stderr.write(`${String(error)}\n`);
    const [failure = toReason(error)] = model.rejections();
    return { program, failure };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
